#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/forward_msg.h"
#include "store/identity.h"
#include "store/name.h"
#include "store/pulse_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect_same(struct buf *made, struct slice message)
{
	assert(!buf_failed(made) && slice_eq(buf_slice(made), message));
	buf_fini(made);
}

/* A request that is taken is one that a node could have sent. */
static void
check_request(struct slice message)
{
	struct forward_request *f = NULL;
	struct buf again = {0};
	const struct append *a;
	const char *why;

	if (forward_msg_decode(&f, message) != ERR_OK)
		return;
	a = forward_request_append(f);
	assert(name_check(a->stream, &why));
	assert(a->kind != APPEND_EVENTS || a->n > 0);
	assert(forward_msg_encode(&again, a) == ERR_OK);
	expect_same(&again, message);
	forward_request_free(&f);
}

static void
check_answer(struct slice message)
{
	struct append a = {.kind = APPEND_EVENTS};
	struct buf again = {0};
	enum err e;

	if (forward_msg_decode_answer(message, &a, &e) != ERR_OK)
		return;
	forward_msg_encode_answer(&again, &a, e);
	assert(!buf_failed(&again) && again.n == message.n);
	buf_fini(&again);
}

static void
check_pulse(struct slice message)
{
	struct buf again = {0};
	struct pulse p;

	if (pulse_msg_decode(&p, message) != ERR_OK)
		return;
	assert(pulse_msg_is(message));
	pulse_msg_encode(&again, &p);
	expect_same(&again, message);
}

static void
check_identity(struct slice text)
{
	struct identity *who = NULL;
	struct buf again = {0};

	if (identity_decode(&who, text) != ERR_OK)
		return;
	identity_encode(&again, who);
	expect_same(&again, text);
	identity_free(&who);
}

/* What agents send each other, who is no more trusted than a client is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice message = slice(data, n);

	check_request(message);
	check_answer(message);
	check_pulse(message);
	check_identity(message);
	return 0;
}
