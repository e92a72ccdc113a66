#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/clock.h"
#include "store/env.h"
#include "store/event_key.h"
#include "store/log.h"
#include "store/scavenge.h"
#include "store/tbl.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "tests/unit/fixture_store.h"

#define HOUR ((int64_t)3600 * CLOCK_TICKS_PER_S)

static struct scavenge
scavenge(struct fixture *f)
{
	struct scavenge s = {0};

	assert_int_equal(scavenge_run(f->env, &s), ERR_OK);
	assert_int_equal(s.damaged, 0);
	assert_int_equal(fixture_faults(f), 0);
	return s;
}

/* A second pass finds nothing. */
static uint64_t
removed(struct fixture *f)
{
	uint64_t n = scavenge(f).events;
	struct scavenge again = scavenge(f);

	assert_int_equal(again.events, 0);
	assert_int_equal(again.ids, 0);
	assert_int_equal(again.bytes, 0);
	return n;
}

/* The ids of what a stream shows; "-": there is no stream to be seen. */
static const char *
shown(struct fixture *f, const char *stream)
{
	struct page *pg = page_new();
	struct stream_range all = {0, INT64_MAX};
	enum err e = fixture_read(f, stream, all, pg);

	if (e == ERR_OK)
		fixture_page_ids(f, pg);
	else
		snprintf(f->ids, sizeof(f->ids), "%s",
		    e == ERR_NO_STREAM ? "-" : err_text(e));
	page_free(&pg);
	return f->ids;
}

struct raw {
	const char *stream;
	struct page *page;
	uint64_t ids;
};

static enum err
read_tombstone(struct txn *tx, struct page *pg, uint64_t stream_id)
{
	struct events_range one = {.stream_id = stream_id,
	    .from = EVENT_NUMBER_TOMB,
	    .to = EVENT_NUMBER_TOMB};
	struct entry *entry;
	struct event ev;
	enum err e = tbl_events_get(tx, pg, &one, &ev);

	if (e != ERR_OK)
		return e == ERR_NO_EVENT ? ERR_OK : e;
	if ((e = page_add(pg, &entry)) == ERR_OK)
		entry->event = ev;
	return e;
}

/* All that the tables have, hidden or not. */
static enum err
read_raw(struct txn *tx, void *arg)
{
	struct raw *raw = arg;
	struct stream_record r;
	struct events_range range;
	struct id_row last = {0}, rows[1000];
	size_t i, n = COUNT(rows);
	enum err e;

	page_reset(raw->page);
	raw->ids = 0;
	e = tbl_streams_get(tx, slice_str(raw->stream), &r);
	if (e == ERR_OK)
		e = tbl_event_ids_read(tx, &last, rows, &n);
	for (i = 0; e == ERR_OK && i < n; i++)
		raw->ids += rows[i].stream_id == r.id;
	range = (struct events_range){
	    .stream_id = r.id, .from = 0, .to = EVENT_NUMBER_TOMB - 1};
	if (e == ERR_OK)
		e = tbl_events_read(tx, raw->page, &range);
	return e == ERR_OK ? read_tombstone(tx, raw->page, r.id) : e;
}

/* Their ids; *ids gets how many event ids are known. */
static const char *
stored(struct fixture *f, const char *stream, uint64_t *ids)
{
	struct raw raw = {.stream = stream, .page = page_new()};

	assert_int_equal(fixture_run(f, TXN_READ, read_raw, &raw), ERR_OK);
	*ids = raw.ids;
	fixture_page_ids(f, raw.page);
	page_free(&raw.page);
	return f->ids;
}

static void
assert_stored(struct fixture *f, const char *stream, const char *expected,
    uint64_t expected_ids)
{
	uint64_t ids;

	assert_string_equal(stored(f, stream, &ids), expected);
	assert_int_equal(ids, expected_ids);
}

static enum err
read_all(struct txn *tx, void *arg)
{
	page_reset(arg);
	return stream_all(tx, 0, 4096, arg);
}

static enum err
read_all_back(struct txn *tx, void *arg)
{
	enum err e;

	page_reset(arg);
	if ((e = stream_all_back(tx, UINT64_MAX, 4096, arg)) == ERR_OK)
		page_reverse(arg);
	return e;
}

/* The ids in $all; those of metadata and tombstones are '*'. */
static void
assert_all(struct fixture *f, const char *expected)
{
	struct page *pg = page_new();

	assert_int_equal(fixture_run(f, TXN_READ, read_all, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), expected);
	assert_int_equal(fixture_run(f, TXN_READ, read_all_back, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), expected);
	page_free(&pg);
}

static void
nothing_is_removed_of_what_can_be_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(removed(f), 0);
	fixture_post(f, "s", EXPECT_ANY, "abc");
	fixture_describe(
	    f, "s", "{\"$maxCount\":3,\"$maxAge\":3600,\"$tb\":0}");
	assert_int_equal(removed(f), 0);
	assert_stored(f, "s", "abc", 3);
	assert_all(f, "abc*");
}

static void
what_max_count_hides_goes(void **state)
{
	struct fixture *f = *state;
	struct scavenge s;

	fixture_describe(f, "s", "{\"$maxCount\":2}");
	fixture_post(f, "s", EXPECT_ANY, "abcde");
	fixture_post(f, "other", EXPECT_ANY, "xyz");
	s = scavenge(f);
	assert_int_equal(s.events, 3);
	assert_int_equal(s.streams, 3);
	assert_int_equal(s.bytes, 3 * (EVENT_LEAST_HEAD + 4 + 7));
	assert_int_equal(s.ids, 0);
	assert_int_equal(removed(f), 0);
	assert_stored(f, "s", "de", 5);
	assert_string_equal(shown(f, "s"), "de");
	assert_all(f, "*dexyz");
	fixture_post(f, "s", 4, "f");
	assert_int_equal(removed(f), 1);
	assert_string_equal(shown(f, "s"), "ef");
}

static void
what_tb_hides_goes(void **state)
{
	struct fixture *f = *state;

	fixture_post(f, "s", EXPECT_ANY, "abcde");
	fixture_describe(f, "s", "{\"$tb\":4}");
	assert_int_equal(removed(f), 4);
	assert_string_equal(shown(f, "s"), "e");
	/* Beyond the end: all that is there, and nothing of what comes. */
	fixture_describe(f, "s", "{\"$tb\":100}");
	assert_int_equal(removed(f), 2);
	assert_stored(f, "s", "", 5);
	assert_int_equal(fixture_post(f, "s", 4, "f").first, 5);
	assert_int_equal(removed(f), 1);
	assert_stored(f, "s", "", 6);
	fixture_describe(f, "s", "{\"$tb\":0}");
	fixture_post(f, "s", 5, "g");
	assert_string_equal(shown(f, "s"), "g");
	assert_int_equal(removed(f), 1); /* metadata */
}

static void
what_max_age_hides_goes_by_the_clock_of_the_pass(void **state)
{
	struct fixture *f = *state;

	f->now = clock_now_ticks() - 2 * HOUR;
	fixture_post(f, "s", EXPECT_ANY, "ab");
	f->now = 0;
	fixture_post(f, "s", EXPECT_ANY, "c");
	assert_int_equal(removed(f), 0);
	fixture_describe(f, "s", "{\"$maxAge\":10000}");
	assert_int_equal(removed(f), 0);
	fixture_describe(f, "s", "{\"$maxAge\":3600}");
	assert_string_equal(shown(f, "s"), "c");
	assert_int_equal(removed(f), 3);
	assert_stored(f, "s", "c", 3);
	assert_string_equal(shown(f, "s"), "c");
}

static void
all_of_a_stream_may_be_too_old(void **state)
{
	struct fixture *f = *state;

	f->now = clock_now_ticks() - 2 * HOUR;
	fixture_post(f, "s", EXPECT_ANY, "abc");
	f->now = 0;
	fixture_describe(f, "s", "{\"$maxAge\":3600}");
	assert_int_equal(removed(f), 3);
	assert_string_equal(shown(f, "s"), "");
	assert_int_equal(fixture_post(f, "s", 2, "d").first, 3);
	assert_string_equal(shown(f, "s"), "d");
}

/* The clock was set back: b is hidden behind a. */
static void
a_hidden_event_goes_when_those_before_it_go(void **state)
{
	struct fixture *f = *state;

	fixture_post(f, "s", EXPECT_ANY, "a");
	f->now = clock_now_ticks() - 2 * HOUR;
	fixture_post(f, "s", EXPECT_ANY, "b");
	f->now = 0;
	fixture_post(f, "s", EXPECT_ANY, "c");
	fixture_describe(f, "s", "{\"$maxAge\":3600}");
	assert_string_equal(shown(f, "s"), "ac");
	assert_int_equal(removed(f), 0);
	assert_string_equal(shown(f, "s"), "ac");
	fixture_describe(f, "s", "{\"$maxAge\":3600,\"$tb\":1}");
	assert_int_equal(removed(f), 3);
	assert_stored(f, "s", "c", 3);
}

static void
the_newest_metadata_stays(void **state)
{
	struct fixture *f = *state;

	fixture_post(f, "s", EXPECT_ANY, "a");
	fixture_describe(f, "s", "{\"$maxCount\":9}");
	fixture_describe(f, "s", "{\"$maxCount\":8}");
	fixture_describe(f, "s", "{\"$maxCount\":7}");
	/* It has no effect, but is a stream, too. */
	fixture_describe(f, "$$s", "{\"$tb\":9}");
	fixture_describe(f, "$$s", "{\"$tb\":8}");
	assert_int_equal(removed(f), 3);
	assert_stored(f, "$$s", "*", 3);
	assert_string_equal(shown(f, "$$s"), "*");
	assert_stored(f, "$$$$s", "*", 2);
}

static void
of_a_stream_deleted_for_good_the_tombstone_stays(void **state)
{
	struct fixture *f = *state;
	struct append a = {.kind = APPEND_HARD_DELETE,
	    .stream = slice_str("s"),
	    .expected = EXPECT_ANY,
	    .deletion = fixture_id('t')};
	struct scavenge s;

	fixture_describe(f, "s", "{\"$maxCount\":2}");
	fixture_describe(f, "s", "{\"$maxCount\":2}");
	fixture_post(f, "s", EXPECT_ANY, "abcd");
	assert_int_equal(removed(f), 3);
	assert_int_equal(fixture_write(f, &a), ERR_OK);
	s = scavenge(f);
	assert_int_equal(s.events, 3);
	assert_int_equal(s.ids, 6);
	assert_int_equal(removed(f), 0);
	assert_stored(f, "s", "t", 1);
	assert_stored(f, "$$s", "", 0);
	assert_all(f, "t");
	assert_string_equal(shown(f, "s"), err_text(ERR_DELETED));
	/* The same deletion once more, after a recovery, and another one. */
	assert_int_equal(fixture_write(f, &a), ERR_OK);
	assert_int_equal(
	    fixture_delete(f, "s", APPEND_HARD_DELETE, EXPECT_ANY).outcome,
	    ERR_DELETED);
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_ANY, "a").outcome, ERR_DELETED);
	assert_int_equal(fixture_describe(f, "s", "{}").outcome, ERR_DELETED);
	assert_int_equal(removed(f), 0);
}

static void
a_stream_deleted_before_it_was_written_has_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_delete(f, "s", APPEND_HARD_DELETE, EXPECT_ANY);
	assert_int_equal(removed(f), 0);
	assert_stored(f, "s", "*", 1);
}

static void
a_soft_deleted_stream_goes_on_counting(void **state)
{
	struct fixture *f = *state;
	struct append a;

	fixture_post(f, "s", EXPECT_ANY, "abc");
	fixture_delete(f, "s", APPEND_SOFT_DELETE, EXPECT_ANY);
	assert_int_equal(removed(f), 3);
	assert_string_equal(shown(f, "s"), "-");
	assert_stored(f, "s", "", 3);
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_STREAM, "d").outcome, ERR_DELETED);
	/* As if there was none, and the same once more. */
	a = fixture_post(f, "s", EXPECT_NO_STREAM, "de");
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 3);
	assert_int_equal(removed(f), 1); /* metadata */
	assert_string_equal(shown(f, "s"), "de");
	a = fixture_post(f, "s", EXPECT_NO_STREAM, "de");
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 3);
	assert_true(a.has_position);
}

/* A late repeat is a success with its number, whatever it expects. */
static void
ids_of_removed_events_are_known(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int64_t expected;
		const char *ids;
		int64_t first;
		bool has_position;
	} repeats[] = {
	    {EXPECT_ANY, "b", 1, false},
	    {EXPECT_STREAM, "ab", 0, false},
	    {EXPECT_NO_STREAM, "abc", 0, false},
	    {EXPECT_NO_STREAM, "abcdef", 0, true},
	    {0, "bcd", 1, false},
	    {2, "def", 3, true},
	};
	uint64_t end;
	size_t i;

	fixture_post(f, "s", EXPECT_ANY, "abcdef");
	fixture_describe(f, "s", "{\"$maxCount\":2}");
	end = fixture_end(f);
	assert_int_equal(removed(f), 4);
	for (i = 0; i < COUNT(repeats); i++) {
		struct append a =
		    fixture_post(f, "s", repeats[i].expected, repeats[i].ids);

		assert_int_equal(a.outcome, ERR_OK);
		assert_int_equal(a.first, repeats[i].first);
		assert_int_equal(a.current, 5);
		assert_int_equal(a.has_position, repeats[i].has_position);
		if (a.has_position)
			assert_int_equal(a.position, 5);
	}
	assert_int_equal(fixture_end(f), end);
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_ANY, "ax").outcome, ERR_WRONG_VERSION);
	assert_int_equal(
	    fixture_post(f, "s", 1, "d").outcome, ERR_WRONG_VERSION);
}

struct slow_reader {
	struct fixture *f;
	unsigned int tries;
	bool reads_one; /* the event 2, else all */
	struct page *page;
};

/* Others write and scavenge after it has taken its first snapshot. */
static enum err
read_slowly(struct txn *tx, void *arg)
{
	struct slow_reader *r = arg;
	struct stream_range all = {0, INT64_MAX};
	struct stream s;
	enum err e;

	page_reset(r->page);
	if ((e = stream_lookup(tx, slice_str("s"), &s)) != ERR_OK)
		return e;
	if (r->tries++ == 0) {
		fixture_post(r->f, "s", EXPECT_ANY, "def");
		scavenge(r->f);
	}
	if (r->reads_one)
		return stream_event(tx, &s, 2, r->page);
	return stream_page(tx, &s, &all, r->page);
}

static void
who_reads_what_is_removed_sees_what_is_there_now(void **state)
{
	struct fixture *f = *state;
	struct slow_reader r = {.f = f, .page = page_new()};

	fixture_describe(f, "s", "{\"$maxCount\":3}");
	fixture_post(f, "s", EXPECT_ANY, "abc");
	assert_int_equal(fixture_run(f, TXN_READ, read_slowly, &r), ERR_OK);
	assert_int_equal(r.tries, 2);
	assert_string_equal(fixture_page_ids(f, r.page), "def");
	page_free(&r.page);
}

static void
who_reads_a_removed_event_learns_that_it_is_hidden(void **state)
{
	struct fixture *f = *state;
	struct slow_reader r = {.f = f, .reads_one = true, .page = page_new()};

	fixture_describe(f, "s", "{\"$maxCount\":3}");
	fixture_post(f, "s", EXPECT_ANY, "abc");
	assert_int_equal(
	    fixture_run(f, TXN_READ, read_slowly, &r), ERR_NO_EVENT);
	assert_int_equal(r.tries, 2);
	page_free(&r.page);
}

/* More than fit into one look, one transaction and one page. */
static void
many_events_of_many_streams_go(void **state)
{
	struct fixture *f = *state;
	char name[16];
	struct scavenge s;
	size_t i;

	fixture_describe(f, "long", "{\"$maxCount\":10}");
	fixture_fill(f, "long", 5000, 20);
	fixture_describe(f, "wide", "{\"$maxCount\":1}");
	for (i = 0; i < 5; i++)
		fixture_fill(f, "wide", 1, 1u << 20);
	fixture_fill(f, "wide", 1, 10);
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "s%zu", i);
		fixture_fill(f, name, 3, 10);
		fixture_describe(f, name, "{\"$tb\":2}");
	}
	s = scavenge(f);
	assert_int_equal(s.events, 4990 + 5 + 1200);
	assert_int_equal(s.streams, 604 + 600);
	assert_true(s.bytes > 5u << 20);
	assert_true(s.bytes_after < s.bytes_before);
	assert_int_equal(removed(f), 0);
	assert_int_equal(strlen(shown(f, "long")), 10);
	assert_int_equal(strlen(shown(f, "wide")), 1);
	assert_int_equal(strlen(shown(f, "s599")), 1);
}

static bool
stop_at(void *arg, const struct scavenge *s)
{
	unsigned int *left = arg;

	(void)s;
	return (*left)-- > 1;
}

static void
a_pass_can_be_stopped_anywhere_and_made_again(void **state)
{
	struct fixture *f = *state;
	struct scavenge s = {.go_on = stop_at};
	unsigned int nth = 0, left;
	uint64_t events = 0;
	enum err e;

	fixture_describe(f, "s", "{\"$maxCount\":100}");
	fixture_fill(f, "s", 900, 300);
	fixture_fill(f, "gone", 500, 300);
	fixture_delete(f, "gone", APPEND_HARD_DELETE, EXPECT_ANY);
	s.arg = &left;
	do {
		left = ++nth;
		e = scavenge_run(f->env, &s);
		events += s.events;
		assert_int_equal(fixture_faults(f), 0);
		assert_int_equal(strlen(shown(f, "s")), 100);
	} while (e == ERR_UNAVAILABLE);
	assert_int_equal(e, ERR_OK);
	assert_true(nth > 5);
	assert_int_equal(events, 800 + 500);
	assert_int_equal(removed(f), 0);
}

static void
fill_for_faults(struct fixture *f)
{
	fixture_describe(f, "s", "{\"$maxCount\":2}");
	fixture_post(f, "s", EXPECT_ANY, "abcd");
	fixture_post(f, "gone", EXPECT_ANY, "xyz");
	fixture_delete(f, "gone", APPEND_HARD_DELETE, EXPECT_ANY);
}

/*
 * Any call may fail, at least the first so many: what is shown stays, and a
 * further pass does the rest.  Returns how many calls there are.
 */
static unsigned int
check_faults(int db_error, enum err expected, unsigned int least)
{
	struct fixture *f;
	unsigned int nth = 0;
	struct scavenge s = {.compact = true};
	void *state;
	enum err e;

	do {
		assert_int_equal(fixture_env_setup(&state), 0);
		log_init("test", LOG_LEVEL_ERROR + 1);
		f = state;
		fill_for_faults(f);
		env_set_fault(f->env, ++nth, db_error);
		e = scavenge_run(f->env, &s);
		if (e != ERR_OK)
			assert_int_equal(e, expected);
		env_set_fault(f->env, 0, 0);
		assert_int_equal(fixture_faults(f), 0);
		assert_string_equal(shown(f, "s"), "cd");
		scavenge(f);
		assert_stored(f, "s", "cd", 4);
		assert_stored(f, "gone", "*", 1);
		fixture_env_teardown(&state);
	} while (e != ERR_OK || nth < least);
	return nth;
}

static void
a_call_that_fails_costs_nothing_that_is_shown(void **state)
{
	unsigned int calls;

	(void)state;
	calls = check_faults(ENOSPC, ERR_DISK_FULL, 0);
	assert_true(calls > 60);
	check_faults(DB_LOCK_DEADLOCK, ERR_OK, calls);
}

static enum err
spoil_event(struct txn *tx, void *arg)
{
	struct stream_record r;
	unsigned char raw[EVENT_KEY_MOST];
	DBT key, value = tbl_dbt("no record", 9);
	enum err e = tbl_streams_get(tx, slice_str("s"), &r);

	(void)arg;
	if (e != ERR_OK)
		return e;
	key = tbl_dbt(raw, event_key_put(raw, r.id, 1));
	return tbl_put(tx, TABLE_EVENTS, &key, &value);
}

static void
a_damaged_stream_does_not_keep_others(void **state)
{
	struct fixture *f = *state;
	struct scavenge s = {0};

	fixture_describe(f, "s", "{\"$maxCount\":1}");
	fixture_post(f, "s", EXPECT_ANY, "abcd");
	fixture_describe(f, "t", "{\"$maxCount\":1}");
	fixture_post(f, "t", EXPECT_ANY, "abcd");
	assert_int_equal(fixture_run(f, TXN_WRITE, spoil_event, NULL), ERR_OK);
	log_init("test", LOG_LEVEL_ERROR);
	assert_int_equal(scavenge_run(f->env, &s), ERR_OK);
	assert_int_equal(s.damaged, 1);
	assert_stored(f, "t", "d", 4);
}

#define ENV(test)                        \
	cmocka_unit_test_setup_teardown( \
	    test, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ENV(nothing_is_removed_of_what_can_be_read),
	    ENV(what_max_count_hides_goes),
	    ENV(what_tb_hides_goes),
	    ENV(what_max_age_hides_goes_by_the_clock_of_the_pass),
	    ENV(all_of_a_stream_may_be_too_old),
	    ENV(a_hidden_event_goes_when_those_before_it_go),
	    ENV(the_newest_metadata_stays),
	    ENV(of_a_stream_deleted_for_good_the_tombstone_stays),
	    ENV(a_stream_deleted_before_it_was_written_has_nothing),
	    ENV(a_soft_deleted_stream_goes_on_counting),
	    ENV(ids_of_removed_events_are_known),
	    ENV(who_reads_what_is_removed_sees_what_is_there_now),
	    ENV(who_reads_a_removed_event_learns_that_it_is_hidden),
	    ENV(many_events_of_many_streams_go),
	    ENV(a_pass_can_be_stopped_anywhere_and_made_again),
	    cmocka_unit_test(a_call_that_fails_costs_nothing_that_is_shown),
	    ENV(a_damaged_stream_does_not_keep_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
