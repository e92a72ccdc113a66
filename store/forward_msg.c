#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/be.h"
#include "store/forward_msg.h"
#include "store/identity.h"
#include "store/name.h"

#define HEAD_SIZE   40
#define AT_KIND     2
#define AT_FLAGS    3
#define AT_EVENTS   4
#define AT_EXPECTED 8
#define AT_DELETION 16
#define AT_NAME_LEN 32
#define AT_WHO_LEN  36
#define RECORD_LEN  4
#define LEAST_EVENT (RECORD_LEN + EVENT_LEAST_HEAD)

#define FLAG_ALLOWED 1u
#define FLAG_LIVE    2u
#define FLAGS        (FLAG_ALLOWED | FLAG_LIVE)

#define FLAG_POSITION 2u /* of an answer, beside FLAG_ALLOWED */

#define ANSWER_SIZE 32
#define AT_OUTCOME  2
#define AT_FIRST    8
#define AT_CURRENT  16
#define AT_POSITION 24

struct forward_request {
	struct append a;
	struct identity *who;
	struct new_event *events; /* their records lie in bytes */
	unsigned char *bytes;
};

/* What stands for an outcome.  A number is never given a second meaning. */
static const enum err outcomes[] = {
    [0] = ERR_OK,
    [1] = ERR_DENIED,
    [2] = ERR_WRONG_VERSION,
    [3] = ERR_DELETED,
    [4] = ERR_TOO_LARGE,
    [5] = ERR_INVALID,
    [6] = ERR_BUSY,
    [7] = ERR_UNAVAILABLE,
    [8] = ERR_DISK_FULL,
    [9] = ERR_NO_MEMORY,
    [10] = ERR_IO,
    [11] = ERR_CORRUPT,
    [12] = ERR_NOT_MASTER,
    [13] = ERR_NO_MASTER,
    [14] = ERR_NOT_ACKED,
};
#define OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

static void
add_head(struct buf *b, const struct append *a, size_t who_len)
{
	unsigned char head[HEAD_SIZE] = {FORWARD_MSG_VERSION, FORWARD_MSG};

	head[AT_KIND] = (unsigned char)a->kind;
	head[AT_FLAGS] = (unsigned char)((a->was_allowed ? FLAG_ALLOWED : 0) |
					 (a->must_live ? FLAG_LIVE : 0));
	be_put32(head + AT_EVENTS, (uint32_t)a->n);
	be_put64(head + AT_EXPECTED, (uint64_t)a->expected);
	memcpy(head + AT_DELETION, a->deletion.b, sizeof(a->deletion.b));
	be_put32(head + AT_NAME_LEN, (uint32_t)a->stream.n);
	be_put32(head + AT_WHO_LEN, (uint32_t)who_len);
	buf_add(b, head, sizeof(head));
}

enum err
forward_msg_encode(struct buf *b, const struct append *a)
{
	struct buf who = {0};
	unsigned char len[RECORD_LEN];
	size_t i;

	identity_encode(&who, a->who);
	add_head(b, a, who.n);
	buf_add_slice(b, a->stream);
	buf_add(b, who.p, who.n);
	for (i = 0; i < a->n; i++) {
		be_put32(len, (uint32_t)a->events[i].record_len);
		buf_add(b, len, sizeof(len));
		buf_add(b, a->events[i].record, a->events[i].record_len);
	}
	buf_fini_part(&who, b);
	return buf_failed(b) ? ERR_NO_MEMORY : ERR_OK;
}

/* The bytes of a message that have not been looked at. */
struct rest {
	unsigned char *p;
	size_t n;
};

/* False: there are not so many. */
static bool
take(struct rest *r, size_t n, unsigned char **out)
{
	if (n > r->n)
		return false;
	*out = r->p;
	r->p += n;
	r->n -= n;
	return true;
}

static bool
take_event(struct rest *r, struct new_event *ne)
{
	unsigned char *len, *record;
	struct event ev;

	if (!take(r, RECORD_LEN, &len) || !take(r, be_get32(len), &record))
		return false;
	*ne = (struct new_event){.record = record, .record_len = be_get32(len)};
	if (event_decode(&ev, slice((char *)record, ne->record_len)) !=
		ERR_OK ||
	    ev.type.n > EVENT_MAX_TYPE)
		return false;
	ne->id = ev.id;
	return true;
}

static bool
take_events(struct forward_request *f, struct rest *r)
{
	size_t i;

	for (i = 0; i < f->a.n; i++)
		if (!take_event(r, &f->events[i]))
			return false;
	return r->n == 0;
}

static enum err
take_who(struct forward_request *f, struct rest *r, const unsigned char *head)
{
	size_t n = be_get32(head + AT_WHO_LEN);
	unsigned char *p;

	if (n > IDENTITY_MAX_SIZE || !take(r, n, &p))
		return ERR_CORRUPT;
	if (identity_decode(&f->who, slice((char *)p, n)) != ERR_OK)
		return ERR_CORRUPT;
	f->a.who = f->who;
	return ERR_OK;
}

/* A deletion has no events; everything else has some. */
static bool
take_head(struct forward_request *f, struct rest *r, const unsigned char *head)
{
	size_t name_len = be_get32(head + AT_NAME_LEN);
	unsigned char *name;
	const char *why;

	if (head[0] != FORWARD_MSG_VERSION || head[1] != FORWARD_MSG ||
	    head[AT_KIND] > APPEND_HARD_DELETE || head[AT_FLAGS] > FLAGS)
		return false;
	f->a.kind = (enum append_kind)head[AT_KIND];
	f->a.n = be_get32(head + AT_EVENTS);
	f->a.expected = (int64_t)be_get64(head + AT_EXPECTED);
	f->a.was_allowed = (head[AT_FLAGS] & FLAG_ALLOWED) != 0;
	f->a.must_live = (head[AT_FLAGS] & FLAG_LIVE) != 0;
	memcpy(f->a.deletion.b, head + AT_DELETION, sizeof(f->a.deletion.b));
	if ((f->a.kind == APPEND_EVENTS) != (f->a.n > 0))
		return false;
	if (!take(r, name_len, &name))
		return false;
	f->a.stream = slice((char *)name, name_len);
	return name_check(f->a.stream, &why);
}

static enum err
decode(struct forward_request *f, struct rest r)
{
	unsigned char *head;
	enum err e;

	if (!take(&r, HEAD_SIZE, &head) || !take_head(f, &r, head))
		return ERR_CORRUPT;
	if ((e = take_who(f, &r, head)) != ERR_OK)
		return e;
	if (f->a.n > r.n / LEAST_EVENT)
		return ERR_CORRUPT;
	if (f->a.n > 0 &&
	    (f->events = calloc(f->a.n, sizeof(*f->events))) == NULL)
		return ERR_NO_MEMORY;
	f->a.events = f->events;
	return take_events(f, &r) ? ERR_OK : ERR_CORRUPT;
}

enum err
forward_msg_decode(struct forward_request **out, struct slice message)
{
	struct forward_request *f;
	enum err e = ERR_NO_MEMORY;

	if (message.n < HEAD_SIZE || message.n > FORWARD_MSG_MAX)
		return ERR_CORRUPT;
	f = xcalloc(1, sizeof(*f));
	/* The writer puts position and time into the records. */
	if ((f->bytes = malloc(message.n)) != NULL) {
		memcpy(f->bytes, message.p, message.n);
		e = decode(f, (struct rest){f->bytes, message.n});
	}
	if (e == ERR_OK)
		*out = f;
	else
		forward_request_free(&f);
	return e;
}

struct append *
forward_request_append(struct forward_request *f)
{
	return &f->a;
}

void
forward_request_free(struct forward_request **fp)
{
	struct forward_request *f = *fp;

	if (f == NULL)
		return;
	identity_free(&f->who);
	free(f->events);
	free(f->bytes);
	free(f);
	*fp = NULL;
}

static unsigned char
outcome_number(enum err e)
{
	unsigned char i;

	for (i = 0; i < OUTCOMES; i++)
		if (outcomes[i] == e)
			return i;
	return outcome_number(ERR_IO);
}

void
forward_msg_encode_answer(struct buf *b, const struct append *a, enum err e)
{
	unsigned char raw[ANSWER_SIZE] = {FORWARD_MSG_VERSION, FORWARD_MSG};

	raw[AT_OUTCOME] = outcome_number(e);
	if (a->was_allowed)
		raw[AT_FLAGS] |= FLAG_ALLOWED;
	if (a->has_position)
		raw[AT_FLAGS] |= FLAG_POSITION;
	be_put64(raw + AT_FIRST, (uint64_t)a->first);
	be_put64(raw + AT_CURRENT, (uint64_t)a->current);
	be_put64(raw + AT_POSITION, a->position);
	buf_add(b, raw, sizeof(raw));
}

enum err
forward_msg_decode_answer(struct slice answer, struct append *a, enum err *e)
{
	const unsigned char *raw = (const unsigned char *)answer.p;

	if (answer.n != ANSWER_SIZE || raw[0] != FORWARD_MSG_VERSION ||
	    raw[1] != FORWARD_MSG || raw[AT_OUTCOME] >= OUTCOMES)
		return ERR_CORRUPT;
	*e = a->outcome = outcomes[raw[AT_OUTCOME]];
	if ((raw[AT_FLAGS] & FLAG_ALLOWED) != 0)
		a->was_allowed = true;
	a->has_position = (raw[AT_FLAGS] & FLAG_POSITION) != 0;
	a->first = (int64_t)be_get64(raw + AT_FIRST);
	a->current = (int64_t)be_get64(raw + AT_CURRENT);
	a->position = be_get64(raw + AT_POSITION);
	return ERR_OK;
}
