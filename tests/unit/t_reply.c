#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/reply.h"

static void
assert_is_503(struct answer sent)
{
	assert_true(slice_starts(sent.head, "Status: 503 "));
}

/* However little of it fits: a front server would make a 302 of the rest. */
static void
an_answer_that_does_not_fit_is_503(void **state)
{
	struct reply r = {.status = 0};
	struct buf out = {0};
	struct answer sent;
	size_t limit;

	(void)state;
	reply_reset(&r);
	reply_status(&r, 201, "Created");
	reply_header(&r, "Location", "http://127.0.0.1/streams/a/0");
	buf_add_str(&r.body, "written");
	sent = reply_print(&r, &out);
	assert_true(slice_starts(sent.head, "Status: 201 "));
	assert_true(slice_is(sent.body, "written"));
	for (limit = 1; limit < sent.head.n; limit += 7) {
		struct buf small = {.limit = limit};

		assert_is_503(reply_print(&r, &small));
		buf_fini(&small);
	}
	buf_fini(&out);
	reply_fini(&r);
}

/* The line that says so may find no room either. */
static void
an_answer_that_failed_is_503_whatever_comes_after(void **state)
{
	struct reply r = {.status = 0};
	struct buf out = {0};

	(void)state;
	reply_reset(&r);
	buf_fail(&r.body);
	buf_add_str(&r.body, "the rest");
	assert_is_503(reply_print(&r, &out));
	assert_null(memmem(r.body.p, r.body.n, "the rest", 8));
	buf_reset(&out);

	reply_reset(&r);
	r.body.limit = 1;
	buf_fini(&r.body);
	buf_fail(&r.headers);
	assert_is_503(reply_print(&r, &out));
	assert_int_equal(r.status, 503);
	assert_true(buf_failed(&out));
	buf_fini(&out);
	reply_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_that_does_not_fit_is_503),
	    cmocka_unit_test(an_answer_that_failed_is_503_whatever_comes_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
