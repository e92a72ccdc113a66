#include "config.h"

#include "store/clock.h"
#include "store/forward.h"
#include "store/forward_msg.h"
#include "store/group.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/stream.h"
#include "store/writer.h"

#define LOOK_AGAIN_MS 10

/* For an answer of the master, which may wait for its disk and a quorum. */
#define ANSWER_MS 3000

/* Also when the master lost its role before it began. */
static bool
is_nobodys(enum err e)
{
	return e == ERR_NOT_MASTER || e == ERR_NO_MASTER;
}

static enum err
ask_master(struct group_line *line, struct append *a)
{
	struct buf request = {0}, answer = {0};
	enum err e, came;

	if ((e = forward_msg_encode(&request, a)) == ERR_OK)
		e = group_line_ask(
		    line, buf_slice(&request), ANSWER_MS, &answer);
	if (e == ERR_OK && (e = forward_msg_decode_answer(
				buf_slice(&answer), a, &came)) == ERR_OK)
		e = came;
	else if (e == ERR_CORRUPT)
		e = ERR_NOT_ACKED; /* an empty answer: who knows */
	buf_fini(&request);
	buf_fini(&answer);
	return e;
}

/* The environment that the line belongs to must not go meanwhile. */
static enum err
send_on(struct store *st, struct append *a, int64_t deadline)
{
	struct env *env;
	enum err e;

	if ((e = store_enter(st, deadline, &env)) != ERR_OK)
		return e;
	e = ask_master(store_master_line(st), a);
	store_exit(st, ERR_OK);
	return e;
}

static enum err
try_once(struct store *st, struct append *a, int64_t deadline)
{
	struct role_view view;

	role_look(store_role(st), &view);
	switch (view.kind) {
	case ROLE_MASTER:
		return writer_append(store_writer(st), a);
	case ROLE_REPLICA:
		return send_on(st, a, deadline);
	case ROLE_NONE:
		break;
	}
	return ERR_NO_MASTER;
}

enum err
forward_append(struct store *st, struct append *a)
{
	int64_t deadline = store_deadline(st);
	bool in_doubt = false;
	enum err e;

	if (!role_has_peers(store_role(st)))
		return writer_append(store_writer(st), a);
	for (;;) {
		e = try_once(st, a, deadline);
		if (!is_nobodys(e) && e != ERR_NOT_ACKED)
			return e;
		in_doubt = in_doubt || e == ERR_NOT_ACKED;
		if (clock_mono_ms() >= deadline)
			return in_doubt ? ERR_NOT_ACKED : ERR_NO_MASTER;
		clock_sleep_ms(LOOK_AGAIN_MS);
	}
}

void
forward_serve(struct store *st, struct slice request, struct buf *answer)
{
	struct forward_request *f;
	struct append none = {0}, *a = &none;
	enum err e;

	if ((e = forward_msg_decode(&f, request)) != ERR_OK) {
		log_warn(
		    "forward", "a request from another node: %s", err_text(e));
		f = NULL;
	} else {
		a = forward_request_append(f);
		e = role_is_master(store_role(st), NULL)
			? stream_append_here(st, a)
			: ERR_NOT_MASTER;
	}
	forward_msg_encode_answer(answer, a, e);
	forward_request_free(&f);
}
