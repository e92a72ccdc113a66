#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/tbl_events.h"
#include "tests/unit/fixture_store.h"

/*
 * The store has a b c in one, d e in two, metadata of one, f in one again;
 * positions 0 to 6.
 */
#define IDS "abcde*f"
#define END 7

struct wish {
	uint64_t position;
	size_t n;
	bool backwards;
	struct page *page;
};

static enum err
read_all(struct txn *tx, void *arg)
{
	struct wish *w = arg;

	page_reset(w->page);
	if (w->backwards)
		return stream_all_back(tx, w->position, w->n, w->page);
	return stream_all(tx, w->position, w->n, w->page);
}

static void
expect_ids(struct fixture *f, struct wish w, const char *ids)
{
	w.page = page_new();
	assert_int_equal(fixture_run(f, TXN_READ, read_all, &w), ERR_OK);
	assert_string_equal(fixture_page_ids(f, w.page), ids);
	page_free(&w.page);
}

static int
fill_store(void **state)
{
	struct fixture *f;

	if (fixture_env_setup(state) != 0)
		return -1;
	f = *state;
	fixture_post(f, "one", EXPECT_ANY, "abc");
	fixture_post(f, "two", EXPECT_ANY, "de");
	fixture_describe(f, "one", "{\"$maxCount\":1}");
	fixture_post(f, "one", EXPECT_ANY, "f");
	return 0;
}

static void
forwards_it_begins_at_the_position(void **state)
{
	expect_ids(*state, (struct wish){.position = 0, .n = 100}, IDS);
	expect_ids(*state, (struct wish){.position = 0, .n = 3}, "abc");
	expect_ids(*state, (struct wish){.position = 2, .n = 3}, "cde");
	expect_ids(*state, (struct wish){.position = 6, .n = 3}, "f");
	expect_ids(*state, (struct wish){.position = END, .n = 3}, "");
	expect_ids(*state, (struct wish){.position = UINT64_MAX, .n = 3}, "");
}

static void
backwards_it_begins_below_the_position(void **state)
{
	expect_ids(*state,
	    (struct wish){.position = UINT64_MAX, .n = 100, .backwards = true},
	    "f*edcba");
	expect_ids(*state,
	    (struct wish){.position = END, .n = 2, .backwards = true}, "f*");
	expect_ids(*state,
	    (struct wish){.position = 3, .n = 100, .backwards = true}, "cba");
	expect_ids(*state,
	    (struct wish){.position = 1, .n = 100, .backwards = true}, "a");
	expect_ids(*state,
	    (struct wish){.position = 0, .n = 100, .backwards = true}, "");
}

static void
entries_know_stream_number_and_position(void **state)
{
	static const struct {
		const char *stream;
		int64_t number;
	} entries[END] = {{"one", 0}, {"one", 1}, {"one", 2}, {"two", 0},
	    {"two", 1}, {"$$one", 0}, {"one", 3}};
	struct wish w = {.n = END, .page = page_new()};
	size_t i;

	assert_int_equal(fixture_run(*state, TXN_READ, read_all, &w), ERR_OK);
	assert_int_equal(page_count(w.page), END);
	for (i = 0; i < END; i++) {
		const struct entry *e = page_entry(w.page, i);

		assert_true(slice_is(e->stream, entries[i].stream));
		assert_int_equal(e->event.number, entries[i].number);
		assert_int_equal(e->event.position, i);
		assert_int_equal(e->link, LINK_NONE);
	}
	page_free(&w.page);
}

static void
nothing_wished_for_is_nothing_given(void **state)
{
	expect_ids(*state, (struct wish){.n = 0}, "");
	expect_ids(*state,
	    (struct wish){.position = END, .n = 0, .backwards = true}, "");
}

static void
more_than_a_page_is_refused(void **state)
{
	struct wish w = {.n = PAGE_MAX_EVENTS + 1, .page = page_new()};

	assert_int_equal(
	    fixture_run(*state, TXN_READ, read_all, &w), ERR_TOO_LARGE);
	w.n = PAGE_MAX_EVENTS;
	assert_int_equal(fixture_run(*state, TXN_READ, read_all, &w), ERR_OK);
	page_free(&w.page);
}

static void
deleted_streams_are_still_there(void **state)
{
	struct fixture *f = *state;

	fixture_delete(f, "two", APPEND_HARD_DELETE, EXPECT_ANY);
	fixture_delete(f, "one", APPEND_SOFT_DELETE, EXPECT_ANY);
	expect_ids(f, (struct wish){.position = 0, .n = 100}, IDS "**");
	assert_int_equal(fixture_end(f), END + 2);
}

static void
an_empty_store_has_nothing(void **state)
{
	assert_int_equal(fixture_env_setup(state), 0);
	expect_ids(*state, (struct wish){.n = 10}, "");
	expect_ids(*state,
	    (struct wish){.position = 10, .n = 10, .backwards = true}, "");
	assert_int_equal(fixture_end(*state), 0);
	fixture_env_teardown(state);
}

/* As scavenging leaves it for a moment: b and c have gone, their rows not. */
static enum err
remove_two(struct txn *tx, void *arg)
{
	enum err e = tbl_events_delete(tx, 1, 1);

	(void)arg;
	return e == ERR_OK ? tbl_events_delete(tx, 1, 2) : e;
}

static void
what_is_removed_does_not_leave_a_page_short(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_run(f, TXN_WRITE, remove_two, NULL), ERR_OK);
	expect_ids(f, (struct wish){.n = 3}, "ade");
	expect_ids(f, (struct wish){.position = 1, .n = 2}, "de");
	expect_ids(f, (struct wish){.n = 10}, "ade*f");
	expect_ids(
	    f, (struct wish){.position = 5, .n = 3, .backwards = true}, "eda");
	expect_ids(
	    f, (struct wish){.position = 3, .n = 3, .backwards = true}, "a");
}

#define FILLED(test) \
	cmocka_unit_test_setup_teardown(test, fill_store, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_store_has_nothing),
	    FILLED(forwards_it_begins_at_the_position),
	    FILLED(backwards_it_begins_below_the_position),
	    FILLED(entries_know_stream_number_and_position),
	    FILLED(nothing_wished_for_is_nothing_given),
	    FILLED(more_than_a_page_is_refused),
	    FILLED(deleted_streams_are_still_there),
	    FILLED(what_is_removed_does_not_leave_a_page_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
