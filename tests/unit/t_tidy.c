#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "store/compact.h"
#include "store/env.h"
#include "store/tidy.h"
#include "tests/unit/fixture_store.h"

#define STREAMS 20
#define EVENTS  100 /* of each */
#define SIZE    300

static bool
go_on(void *arg)
{
	(void)arg;
	return true;
}

/* Asked so many times until it stops. */
static bool
count_down(void *arg)
{
	unsigned int *left = arg;

	return (*left)-- > 0;
}

static enum err
run(struct fixture *f, struct tidy *t)
{
	bool is_tidy = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !is_tidy)
		e = tidy_run(f->env, t, &is_tidy);
	return e;
}

/* Streams that grow by turns leave their pages half full. */
static void
grow(struct fixture *f, size_t events)
{
	char name[16];
	size_t i, k;

	for (i = 0; i < events; i++)
		for (k = 0; k < STREAMS; k++) {
			snprintf(name, sizeof(name), "s%zu", k);
			assert_int_equal(
			    fixture_fill(f, name, 1, SIZE).outcome, ERR_OK);
		}
}

static uint64_t
used_pages(struct fixture *f, const struct tidy *t)
{
	return env_table_bytes(f->env, TABLE_EVENTS) / ENV_PAGE_BYTES -
	       t->pages;
}

static void
assert_whole(struct fixture *f, int64_t events)
{
	char name[16];
	size_t k;
	int64_t i;
	struct page *pg = page_new();

	for (k = 0; k < STREAMS; k++) {
		snprintf(name, sizeof(name), "s%zu", k);
		page_reset(pg);
		assert_int_equal(
		    fixture_read(f, name, (struct stream_range){0, events}, pg),
		    ERR_OK);
		assert_int_equal(page_count(pg), events);
		for (i = 0; i < events; i++)
			assert_int_equal(
			    page_entry(pg, (size_t)i)->event.number, i);
	}
	page_free(&pg);
	assert_int_equal(fixture_faults(f), 0);
}

static void
half_empty_pages_are_filled(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on};
	uint64_t before, pages;

	grow(f, EVENTS);
	before = used_pages(f, &t);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_int_equal(t.position, fixture_end(f));
	assert_true(used_pages(f, &t) < before * 3 / 4);
	assert_whole(f, EVENTS);
	pages = t.pages;
	assert_int_equal(run(f, &t), ERR_OK);
	assert_int_equal(t.pages, pages);
	/* From the beginning: there is next to nothing left to win. */
	t.position = 0;
	assert_int_equal(run(f, &t), ERR_OK);
	assert_true(t.pages - pages < STREAMS);
}

static void
what_comes_later_is_tidied_later(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on};
	uint64_t first;

	grow(f, EVENTS / 2);
	assert_int_equal(run(f, &t), ERR_OK);
	first = t.pages;
	assert_true(first > 0);
	grow(f, EVENTS / 2);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_true(t.pages > first);
	assert_whole(f, EVENTS);
}

static void
it_can_be_stopped_anywhere_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = count_down}, all = {.go_on = go_on};
	unsigned int tries = 0, left;
	uint64_t before;
	enum err e;

	grow(f, EVENTS);
	before = used_pages(f, &all);
	t.arg = &left;
	do {
		left = 3;
		e = run(f, &t);
		assert_true(e == ERR_OK || e == ERR_UNAVAILABLE);
		assert_true(++tries < STREAMS * EVENTS);
	} while (e != ERR_OK);
	assert_true(tries > 1);
	assert_true(used_pages(f, &t) < before * 3 / 4);
	assert_whole(f, EVENTS);
}

static void
a_position_beyond_the_end_is_another_stores(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on, .position = 1000000};

	grow(f, EVENTS);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_int_equal(t.position, fixture_end(f));
	assert_true(t.pages > 0);
}

static void
an_empty_store_and_a_tombstone_are_nothing_to_it(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on};

	assert_int_equal(run(f, &t), ERR_OK);
	assert_int_equal(t.position, 0);
	assert_false(tidy_may_shrink(f->env, &t));
	grow(f, 1);
	fixture_delete(f, "s0", APPEND_HARD_DELETE, EXPECT_ANY);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_int_equal(t.position, fixture_end(f));
	assert_int_equal(t.pages, 0);
}

static void
the_file_becomes_smaller(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on};
	uint64_t before;

	grow(f, EVENTS);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_true(tidy_may_shrink(f->env, &t));
	before = env_table_bytes(f->env, TABLE_EVENTS);
	assert_int_equal(tidy_shrink(f->env, &t), ERR_OK);
	assert_true(env_table_bytes(f->env, TABLE_EVENTS) < before * 7 / 8);
	assert_false(tidy_may_shrink(f->env, &t));
	assert_whole(f, EVENTS);
}

/* Wherever the library fails, it is said, and nothing is lost. */
static void
what_fails_is_reported_and_can_be_done_again(void **state)
{
	struct fixture *f = *state;
	struct tidy t = {.go_on = go_on};
	unsigned int nth;
	enum err e;

	grow(f, EVENTS);
	for (nth = 1; nth < 40; nth++) {
		env_set_fault(f->env, nth, DB_LOCK_DEADLOCK);
		t.position = 0;
		assert_int_equal(run(f, &t), ERR_OK);
		env_set_fault(f->env, nth, ENOSPC);
		t.position = 0;
		e = run(f, &t);
		assert_true(e == ERR_OK || e == ERR_DISK_FULL);
	}
	env_set_fault(f->env, 0, 0);
	assert_int_equal(run(f, &t), ERR_OK);
	assert_whole(f, EVENTS);
}

#define ENV(test)                        \
	cmocka_unit_test_setup_teardown( \
	    test, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ENV(half_empty_pages_are_filled),
	    ENV(what_comes_later_is_tidied_later),
	    ENV(it_can_be_stopped_anywhere_and_goes_on),
	    ENV(a_position_beyond_the_end_is_another_stores),
	    ENV(an_empty_store_and_a_tombstone_are_nothing_to_it),
	    ENV(the_file_becomes_smaller),
	    ENV(what_fails_is_reported_and_can_be_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
