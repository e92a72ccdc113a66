#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/line.h"
#include "fcgi/request.h"

#define PLACES 2

static struct line *line;

static int
setup(void **state)
{
	(void)state;
	line = line_new(PLACES);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	line_free(&line);
	line_free(&line);
	return 0;
}

static struct request *
new_request(void)
{
	struct request *r;

	assert_int_equal(request_new(&r, NULL), ERR_OK);
	return r;
}

/* A thread that has nothing to do, with its request. */
static struct request *
new_thread(void)
{
	struct request *r = new_request();

	assert_null(line_next(line, r));
	return r;
}

static void
while_a_thread_is_free_nobody_is_put_in_line(void **state)
{
	struct request *own = new_thread(), *r = new_request();

	(void)state;
	assert_true(line_has_free(line));
	assert_int_equal(line_enter(line, r), LINE_SERVE);
	line_leave(line);
	assert_false(line_has_free(line));
	assert_false(line_has_waiting(line));
	assert_int_equal(line_enter(line, r), LINE_WAIT);
	assert_true(line_has_waiting(line));
	assert_ptr_equal(line_next(line, own), r);
	/* It was put by; the door goes on with it. */
	assert_ptr_equal(line_spare(line), own);
	assert_null(line_spare(line));
	request_free(&own);
	request_free(&r);
}

static void
who_came_first_is_served_first_and_the_last_turned_away(void **state)
{
	struct request *door = new_request(), *r[PLACES], *next;
	int i;

	(void)state;
	for (i = 0; i < PLACES; i++) {
		r[i] = new_request();
		assert_int_equal(line_enter(line, r[i]), LINE_WAIT);
		assert_int_not_equal(r[i]->came_us, 0);
	}
	assert_int_equal(line_enter(line, door), LINE_FULL);
	for (i = 0; i < PLACES; i++) {
		next = line_next(line, new_request());
		assert_ptr_equal(next, r[i]);
		request_free(&next);
	}
	assert_int_equal(line_enter(line, door), LINE_WAIT);
	next = line_next(line, new_request());
	assert_ptr_equal(next, door);
	request_free(&next);
}

static void
who_is_served_next_gets_the_threads_memory(void **state)
{
	struct request *waits = new_request(), *own = new_request();
	struct page *page = page_new();

	(void)state;
	assert_int_equal(line_enter(line, waits), LINE_WAIT);
	own->page = page;
	buf_add_str(&own->out, "warm");
	assert_ptr_equal(line_next(line, own), waits);
	assert_ptr_equal(waits->page, page);
	assert_true(waits->out.size > 0);
	assert_null(own->page);
	assert_null(own->out.p);
	request_free(&waits);
}

static void
who_waits_in_line_keeps_no_memory(void **state)
{
	struct request *waits = new_request(), *own = new_request();

	(void)state;
	/* As of one that the door has just turned away. */
	waits->page = page_new();
	buf_add_str(&waits->base, "http://");
	buf_add_str(&waits->out, "Status: 503");
	buf_add_str(&waits->reply.body, "Server Is Too Busy");
	assert_int_equal(line_enter(line, waits), LINE_WAIT);
	assert_null(waits->page);
	assert_null(waits->base.p);
	assert_null(waits->out.p);
	assert_null(waits->reply.body.p);
	assert_ptr_equal(line_next(line, own), waits);
	request_free(&waits);
}

static void
who_came_too_early_is_taken_out_of_the_line(void **state)
{
	struct request *r[PLACES], *late;
	int i;

	(void)state;
	assert_null(line_late(line, INT64_MAX));
	for (i = 0; i < PLACES; i++) {
		r[i] = new_request();
		assert_int_equal(line_enter(line, r[i]), LINE_WAIT);
		r[i]->came_us = 10 + i;
	}
	assert_null(line_late(line, 10));
	assert_ptr_equal(line_late(line, 11), r[0]);
	assert_null(line_late(line, 11));
	assert_true(line_has_waiting(line));
	/* Its place is free again, behind the others. */
	assert_int_equal(line_enter(line, r[0]), LINE_WAIT);
	for (i = 1; i <= PLACES; i++) {
		late = line_late(line, INT64_MAX);
		assert_ptr_equal(late, r[i % PLACES]);
		request_free(&late);
	}
	assert_false(line_has_waiting(line));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(while_a_thread_is_free_nobody_is_put_in_line),
	    TEST(who_came_first_is_served_first_and_the_last_turned_away),
	    TEST(who_is_served_next_gets_the_threads_memory),
	    TEST(who_waits_in_line_keeps_no_memory),
	    TEST(who_came_too_early_is_taken_out_of_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
