/* Appends in messages, and what comes of messages that are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/forward_msg.h"
#include "store/identity.h"
#include "store/pulse_msg.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct new_event
make_event(const char *type, const char *data)
{
	struct event ev = {.type = slice_str(type), .data = slice_str(data)};
	struct new_event ne;

	guid_random(&ev.id);
	assert_int_equal(new_event_init(&ne, &ev), ERR_OK);
	return ne;
}

/* Two events, asked for by an account with a group. */
struct sample {
	struct identity *who;
	struct new_event events[2];
	struct append a;
	struct buf message;
};

static int
sample_make(void **state)
{
	struct slice group = slice_str("editors");
	struct identity_parts parts = {slice_str("ann"), &group, 1};
	struct sample *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	assert_int_equal(identity_new(&s->who, &parts), ERR_OK);
	s->events[0] = make_event("started", "{\"a\": 1}");
	s->events[1] = make_event("stopped", "");
	s->a = (struct append){.kind = APPEND_EVENTS,
	    .stream = slice_str("order-42"),
	    .expected = 17,
	    .events = s->events,
	    .n = 2,
	    .who = s->who,
	    .was_allowed = true,
	    .must_live = true};
	assert_int_equal(forward_msg_encode(&s->message, &s->a), ERR_OK);
	*state = s;
	return 0;
}

static int
sample_free(void **state)
{
	struct sample *s = *state;

	new_event_fini(&s->events[0]);
	new_event_fini(&s->events[1]);
	identity_free(&s->who);
	buf_fini(&s->message);
	free(s);
	return 0;
}

static void
an_append_arrives_as_it_was_sent(void **state)
{
	struct sample *s = *state;
	struct forward_request *f;
	struct append *a;
	size_t i;

	assert_int_equal(
	    forward_msg_decode(&f, buf_slice(&s->message)), ERR_OK);
	a = forward_request_append(f);
	assert_int_equal(a->kind, APPEND_EVENTS);
	assert_true(slice_is(a->stream, "order-42"));
	assert_int_equal(a->expected, 17);
	assert_true(a->was_allowed);
	assert_true(a->must_live);
	assert_true(slice_is(identity_login(a->who), "ann"));
	assert_true(identity_has_role(a->who, slice_str("editors")));
	assert_int_equal(a->n, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(
		    guid_cmp(&a->events[i].id, &s->events[i].id), 0);
		assert_int_equal(
		    a->events[i].record_len, s->events[i].record_len);
		assert_memory_equal(a->events[i].record, s->events[i].record,
		    s->events[i].record_len);
	}
	forward_request_free(&f);
	assert_null(f);
}

static void
a_deletion_of_anybody_arrives(void **state)
{
	struct append a = {.kind = APPEND_HARD_DELETE,
	    .stream = slice_str("s"),
	    .expected = EXPECT_ANY};
	struct forward_request *f;
	struct buf b = {0};

	(void)state;
	guid_random(&a.deletion);
	assert_int_equal(forward_msg_encode(&b, &a), ERR_OK);
	assert_int_equal(forward_msg_decode(&f, buf_slice(&b)), ERR_OK);
	assert_int_equal(forward_request_append(f)->kind, APPEND_HARD_DELETE);
	assert_int_equal(forward_request_append(f)->expected, EXPECT_ANY);
	assert_null(forward_request_append(f)->who);
	assert_false(forward_request_append(f)->must_live);
	assert_int_equal(
	    guid_cmp(&forward_request_append(f)->deletion, &a.deletion), 0);
	forward_request_free(&f);
	buf_fini(&b);
}

static void
a_message_cut_short_or_longer_is_refused(void **state)
{
	struct sample *s = *state;
	struct slice whole = buf_slice(&s->message);
	struct forward_request *f = NULL;
	size_t n;

	for (n = 0; n < whole.n; n++)
		assert_int_equal(
		    forward_msg_decode(&f, slice(whole.p, n)), ERR_CORRUPT);
	buf_add_char(&s->message, '\0');
	assert_int_equal(
	    forward_msg_decode(&f, buf_slice(&s->message)), ERR_CORRUPT);
	assert_null(f);
}

/* Whatever one byte becomes: refused, or an append that keeps the rules. */
static void
a_wrong_byte_never_does_harm(void **state)
{
	struct sample *s = *state;
	struct forward_request *f;
	size_t at;
	int bit;

	for (at = 0; at < s->message.n; at++)
		for (bit = 0; bit < 8; bit++) {
			s->message.p[at] ^= (char)(1 << bit);
			f = NULL;
			if (forward_msg_decode(&f, buf_slice(&s->message)) ==
			    ERR_OK)
				forward_request_free(&f);
			s->message.p[at] ^= (char)(1 << bit);
		}
}

static void
what_breaks_a_rule_is_refused(void **state)
{
	/* Which byte of the head, and what it becomes. */
	static const struct {
		size_t at;
		char byte;
	} wrong[] = {
	    {0, FORWARD_MSG_VERSION + 1}, /* a version to come */
	    {0, FORWARD_MSG_VERSION - 1}, /* one whose records were others */
	    {1, PULSE_MSG},               /* another kind of message */
	    {2, 3},                       /* no kind of append */
	    {2, APPEND_SOFT_DELETE},      /* which has no events */
	    {3, 4},                       /* no flag */
	    {4, 1},                       /* 16 million events */
	    {35, 0},                      /* a name of no bytes */
	    {36, 1},                      /* an identity of 16 MiB */
	};
	struct sample *s = *state;
	struct forward_request *f = NULL;
	size_t i;
	char was;

	for (i = 0; i < COUNT(wrong); i++) {
		was = s->message.p[wrong[i].at];
		s->message.p[wrong[i].at] = wrong[i].byte;
		assert_int_equal(forward_msg_decode(&f, buf_slice(&s->message)),
		    ERR_CORRUPT);
		s->message.p[wrong[i].at] = was;
	}
	assert_null(f);
}

static void
an_answer_arrives_as_it_was_sent(void **state)
{
	static const enum err outcomes[] = {ERR_OK, ERR_DENIED,
	    ERR_WRONG_VERSION, ERR_DELETED, ERR_TOO_LARGE, ERR_BUSY,
	    ERR_NOT_MASTER, ERR_NO_MASTER, ERR_NOT_ACKED, ERR_DISK_FULL};
	struct append sent = {.first = 3,
	    .current = -1,
	    .position = 1u << 30,
	    .has_position = true};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(outcomes); i++) {
		struct append got = {0};
		struct buf b = {0};
		enum err e;

		forward_msg_encode_answer(&b, &sent, outcomes[i]);
		assert_int_equal(
		    forward_msg_decode_answer(buf_slice(&b), &got, &e), ERR_OK);
		assert_int_equal(e, outcomes[i]);
		assert_int_equal(got.first, 3);
		assert_int_equal(got.current, -1);
		assert_true(got.position == 1u << 30 && got.has_position);
		assert_false(got.was_allowed);
		assert_int_equal(
		    forward_msg_decode_answer(slice(b.p, b.n - 1), &got, &e),
		    ERR_CORRUPT);
		buf_fini(&b);
	}
}

/* An error of the inside is one of the master's to the others. */
static void
no_error_of_the_inside_travels(void **state)
{
	struct append none = {0};
	struct buf b = {0};
	enum err e;

	(void)state;
	forward_msg_encode_answer(&b, &none, ERR_RECOVERY);
	assert_int_equal(
	    forward_msg_decode_answer(buf_slice(&b), &none, &e), ERR_OK);
	assert_int_equal(e, ERR_IO);
	buf_fini(&b);
}

static void
a_pulse_arrives_as_it_was_sent(void **state)
{
	struct pulse sent = {.role = ROLE_MASTER,
	    .follows = true,
	    .gen = 7,
	    .position = 123456789012,
	    .log_file = 42,
	    .listen = "10.0.0.1:7001"};
	struct pulse got;
	struct buf b = {0};
	size_t n;

	(void)state;
	pulse_msg_encode(&b, &sent);
	assert_true(pulse_msg_is(buf_slice(&b)));
	assert_int_equal(pulse_msg_decode(&got, buf_slice(&b)), ERR_OK);
	assert_int_equal(got.role, ROLE_MASTER);
	assert_true(got.follows);
	assert_int_equal(got.gen, 7);
	assert_true(got.position == 123456789012);
	assert_int_equal(got.log_file, 42);
	assert_string_equal(got.listen, "10.0.0.1:7001");
	for (n = 0; n < b.n; n++)
		assert_int_equal(
		    pulse_msg_decode(&got, slice(b.p, n)), ERR_CORRUPT);
	b.p[2] = 3;
	assert_int_equal(pulse_msg_decode(&got, buf_slice(&b)), ERR_CORRUPT);
	buf_reset(&b);
	pulse_msg_encode(&b, &sent);
	b.p[b.n - 1] = '\0';
	assert_int_equal(pulse_msg_decode(&got, buf_slice(&b)), ERR_CORRUPT);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_append_arrives_as_it_was_sent, sample_make, sample_free),
	    cmocka_unit_test(a_deletion_of_anybody_arrives),
	    cmocka_unit_test_setup_teardown(
		a_message_cut_short_or_longer_is_refused, sample_make,
		sample_free),
	    cmocka_unit_test_setup_teardown(
		a_wrong_byte_never_does_harm, sample_make, sample_free),
	    cmocka_unit_test_setup_teardown(
		what_breaks_a_rule_is_refused, sample_make, sample_free),
	    cmocka_unit_test(an_answer_arrives_as_it_was_sent),
	    cmocka_unit_test(no_error_of_the_inside_travels),
	    cmocka_unit_test(a_pulse_arrives_as_it_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
