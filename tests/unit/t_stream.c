#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "tests/unit/fixture_store.h"

static void
post(struct fixture *f, const char *stream, const char *ids)
{
	assert_int_equal(
	    fixture_post(f, stream, EXPECT_ANY, ids).outcome, ERR_OK);
}

static void
describe(struct fixture *f, const char *stream, const char *document)
{
	assert_int_equal(fixture_describe(f, stream, document).outcome, ERR_OK);
}

/* What a reader of the numbers from..to gets to see. */
static void
expect_range(struct fixture *f, const char *stream, struct stream_range range,
    const char *ids)
{
	struct page *pg = page_new();

	assert_int_equal(fixture_read(f, stream, range, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), ids);
	page_free(&pg);
}

static void
expect_all(struct fixture *f, const char *stream, const char *ids)
{
	expect_range(f, stream, (struct stream_range){0, INT64_MAX}, ids);
}

static void
events_come_back_in_order_and_as_they_were(void **state)
{
	struct fixture *f = *state;
	struct stream_range all = {0, 5};
	struct event ev = {.id = fixture_id('b'),
	    .flags = EVENT_METADATA_IS_JSON,
	    .type = slice_str("typed"),
	    .data = slice("a\0b\xff", 4),
	    .metadata = slice_str("{\"who\": \"me\"}")};
	const struct event *found;
	struct page *pg = page_new();
	struct append a;

	post(f, "in", "a");
	f->now = clock_now_ticks();
	a = fixture_put(f, "in", &ev);
	assert_int_equal(fixture_read(f, "in", all, pg), ERR_OK);
	assert_int_equal(page_count(pg), 2);
	assert_true(slice_is(page_entry(pg, 0)->stream, "in"));
	found = &page_entry(pg, 1)->event;
	assert_int_equal(found->number, 1);
	assert_int_equal(found->position, a.position);
	assert_int_equal(found->created, f->now);
	assert_int_equal(guid_cmp(&found->id, &ev.id), 0);
	assert_int_equal(found->flags, ev.flags);
	assert_true(slice_eq(found->type, ev.type));
	assert_true(slice_eq(found->data, ev.data));
	assert_true(slice_eq(found->metadata, ev.metadata));
	page_free(&pg);
	f->now = 0;
}

static void
a_range_gives_what_there_is_of_it(void **state)
{
	static const struct {
		struct stream_range range;
		const char *ids;
	} cases[] = {
	    {{0, 6}, "abcdefg"},
	    {{0, 0}, "a"},
	    {{6, 6}, "g"},
	    {{2, 4}, "cde"},
	    {{5, 100}, "fg"},
	    {{5, INT64_MAX}, "fg"},
	    {{7, 10}, ""},
	    {{INT64_MAX, INT64_MAX}, ""},
	    {{-5, 1}, "ab"},
	    {{INT64_MIN, -1}, ""},
	    {{4, 3}, ""},
	};
	size_t i;

	post(*state, "ra", "abcdefg");
	for (i = 0; i < COUNT(cases); i++)
		expect_range(*state, "ra", cases[i].range, cases[i].ids);
}

static void
a_range_stays_within_its_stream(void **state)
{
	/* Their events lie side by side in the table. */
	post(*state, "side1", "abc");
	post(*state, "side2", "def");
	post(*state, "side1", "gh");
	expect_all(*state, "side1", "abcgh");
	expect_all(*state, "side2", "def");
}

/* Of a stream that is said to be longer than it is. */
static enum err
read_beyond(struct txn *tx, void *arg)
{
	struct stream_range all = {0, 100};
	struct stream s;
	enum err e;

	page_reset(arg);
	if ((e = stream_lookup(tx, slice_str("gap1"), &s)) != ERR_OK)
		return e;
	s.last = 100;
	return stream_page(tx, &s, &all, arg);
}

static void
an_event_that_is_not_there_is_no_event_that_is_hidden(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();

	post(f, "gap1", "abc");
	post(f, "gap2", "def");
	assert_int_equal(
	    fixture_run(f, TXN_READ, read_beyond, pg), ERR_CORRUPT);
	page_free(&pg);
}

struct two_ranges {
	struct stream_range first, second;
	struct page *page;
};

static enum err
read_two(struct txn *tx, void *arg)
{
	struct two_ranges *two = arg;
	struct stream s;
	enum err e;

	page_reset(two->page);
	if ((e = stream_lookup(tx, slice_str("tw"), &s)) != ERR_OK ||
	    (e = stream_page(tx, &s, &two->first, two->page)) != ERR_OK)
		return e;
	return stream_page(tx, &s, &two->second, two->page);
}

static void
a_page_is_added_to(void **state)
{
	struct fixture *f = *state;
	struct two_ranges two = {{3, 4}, {0, 1}, page_new()};

	post(f, "tw", "abcde");
	assert_int_equal(fixture_run(f, TXN_READ, read_two, &two), ERR_OK);
	assert_string_equal(fixture_page_ids(f, two.page), "deab");
	page_free(&two.page);
}

static void
max_count_shows_the_newest(void **state)
{
	struct fixture *f = *state;

	post(f, "mc", "abcde");
	describe(f, "mc", "{\"$maxCount\":2}");
	expect_all(f, "mc", "de");
	expect_range(f, "mc", (struct stream_range){0, 2}, "");
	post(f, "mc", "f");
	expect_all(f, "mc", "ef");
	describe(f, "mc", "{\"$maxCount\":100}");
	expect_all(f, "mc", "abcdef");
}

static void
tb_hides_what_is_before_it(void **state)
{
	struct fixture *f = *state;

	post(f, "tb", "abcde");
	describe(f, "tb", "{\"$tb\":3}");
	expect_all(f, "tb", "de");
	describe(f, "tb", "{\"$tb\":3,\"$maxCount\":1}");
	expect_all(f, "tb", "e");
	describe(f, "tb", "{\"$tb\":4,\"$maxCount\":4}");
	expect_all(f, "tb", "e");
	describe(f, "tb", "{\"$tb\":1000}");
	expect_all(f, "tb", "");
	describe(f, "tb", "{}");
	expect_all(f, "tb", "abcde");
}

static void
max_age_hides_what_is_older(void **state)
{
	struct fixture *f = *state;

	f->now = clock_now_ticks() - 1000 * (int64_t)CLOCK_TICKS_PER_S;
	post(f, "ma", "ab");
	f->now = 0;
	post(f, "ma", "c");
	/* As after a clock was set back. */
	f->now = clock_now_ticks() - 500 * (int64_t)CLOCK_TICKS_PER_S;
	post(f, "ma", "d");
	f->now = 0;
	post(f, "ma", "e");
	expect_all(f, "ma", "abcde");
	describe(f, "ma", "{\"$maxAge\":100}");
	expect_all(f, "ma", "ce");
	describe(f, "ma", "{\"$maxAge\":700}");
	expect_all(f, "ma", "cde");
	describe(f, "ma", "{\"$maxAge\":2000}");
	expect_all(f, "ma", "abcde");
	describe(f, "ma", "{\"$maxAge\":9223372036854775807}");
	expect_all(f, "ma", "abcde");
}

struct one_event {
	const char *stream;
	int64_t number;
	struct page *page;
};

static enum err
read_one(struct txn *tx, void *arg)
{
	struct one_event *one = arg;
	struct stream s;
	enum err e;

	page_reset(one->page);
	if ((e = stream_lookup(tx, slice_str(one->stream), &s)) != ERR_OK)
		return e;
	return stream_event(tx, &s, one->number, one->page);
}

/* The id of one event, or '-' when it is not to be seen. */
static char
one_event(struct fixture *f, const char *stream, int64_t number)
{
	struct one_event one = {stream, number, page_new()};
	enum err e = fixture_run(f, TXN_READ, read_one, &one);
	char found = '-';

	if (e == ERR_OK) {
		assert_int_equal(page_count(one.page), 1);
		assert_int_equal(page_entry(one.page, 0)->event.number, number);
		found = fixture_id_name(&page_entry(one.page, 0)->event.id);
	} else {
		assert_int_equal(e, ERR_NO_EVENT);
		assert_int_equal(page_count(one.page), 0);
	}
	page_free(&one.page);
	return found;
}

static void
one_event_is_found_by_its_number(void **state)
{
	struct fixture *f = *state;

	post(f, "on", "abc");
	assert_int_equal(one_event(f, "on", 0), 'a');
	assert_int_equal(one_event(f, "on", 2), 'c');
	assert_int_equal(one_event(f, "on", 3), '-');
	assert_int_equal(one_event(f, "on", -1), '-');
	assert_int_equal(one_event(f, "on", INT64_MAX), '-');
}

static void
one_event_can_be_hidden(void **state)
{
	struct fixture *f = *state;

	f->now = 1000;
	post(f, "hi", "abc");
	f->now = 0;
	post(f, "hi", "d");
	describe(f, "hi", "{\"$tb\":1}");
	assert_int_equal(one_event(f, "hi", 0), '-');
	assert_int_equal(one_event(f, "hi", 1), 'b');
	describe(f, "hi", "{\"$maxCount\":2}");
	assert_int_equal(one_event(f, "hi", 1), '-');
	assert_int_equal(one_event(f, "hi", 2), 'c');
	describe(f, "hi", "{\"$maxAge\":60}");
	assert_int_equal(one_event(f, "hi", 2), '-');
	assert_int_equal(one_event(f, "hi", 3), 'd');
}

static void
a_metastream_shows_its_newest_event_only(void **state)
{
	struct fixture *f = *state;

	post(f, "$$mt", "abc");
	expect_all(f, "$$mt", "c");
	assert_int_equal(one_event(f, "$$mt", 1), '-');
	assert_int_equal(one_event(f, "$$mt", 2), 'c');
}

static void
a_stream_not_written_is_missing(void **state)
{
	struct stream_range all = {0, 10};
	struct page *pg = page_new();

	assert_int_equal(fixture_read(*state, "none", all, pg), ERR_NO_STREAM);
	assert_int_equal(
	    fixture_read(*state, "$$none", all, pg), ERR_NO_STREAM);
	page_free(&pg);
}

struct look_up {
	const char *name;
	struct stream found;
};

static enum err
look_up(struct txn *tx, void *arg)
{
	struct look_up *l = arg;

	return stream_lookup(tx, slice_str(l->name), &l->found);
}

static void
settings_are_told_even_of_what_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct look_up l = {.name = "se"};

	describe(f, "se", "{\"$cacheControl\":7,\"$acl\":{\"$r\":\"me\"}}");
	assert_int_equal(fixture_run(f, TXN_READ, look_up, &l), ERR_NO_STREAM);
	assert_int_equal(l.found.settings.cache_control, 7);
	assert_true(slice_is(l.found.settings.acl, "{\"$r\":\"me\"}"));
	assert_int_equal(l.found.base.acl.n, 0);
	assert_int_equal(
	    fixture_delete(f, "se", APPEND_HARD_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
	assert_int_equal(fixture_run(f, TXN_READ, look_up, &l), ERR_DELETED);
	assert_true(slice_is(l.found.settings.acl, "{\"$r\":\"me\"}"));
}

static void
a_metastream_tells_the_settings_of_its_stream(void **state)
{
	struct fixture *f = *state;
	struct look_up l = {.name = "$$mb"};

	post(f, "mb", "a");
	describe(f, "mb", "{\"$maxCount\":5,\"$acl\":{\"$mr\":[\"x\"]}}");
	assert_int_equal(fixture_run(f, TXN_READ, look_up, &l), ERR_OK);
	assert_int_equal(l.found.base.max_count, 5);
	assert_true(slice_is(l.found.base.acl, "{\"$mr\":[\"x\"]}"));
	assert_int_equal(l.found.settings.max_count, 1);
	assert_int_equal(l.found.settings.acl.n, 0);
	assert_int_equal(l.found.last, 0);
}

static void
an_event_is_shown_by_number_and_time(void **state)
{
	struct stream s = {.first = 5, .oldest = 1000};
	struct event ev = {.number = 5, .created = 1000};

	(void)state;
	assert_true(stream_shows(&s, &ev));
	ev.number = 4;
	assert_false(stream_shows(&s, &ev));
	ev = (struct event){.number = 6, .created = 999};
	assert_false(stream_shows(&s, &ev));
}

static void
the_mean_size_of_its_events_is_known(void **state)
{
	struct fixture *f = *state;
	struct look_up l = {.name = "size"};

	fixture_fill(f, "size", 9, 100);
	fixture_fill(f, "size", 1, 1100);
	assert_int_equal(fixture_run(f, TXN_READ, look_up, &l), ERR_OK);
	/* Data of 100 bytes and of 1100 have a length in one byte and two. */
	assert_int_equal(
	    l.found.mean_bytes, EVENT_LEAST_HEAD + strlen("fill") + 200);
}

static void
what_is_not_there_has_no_settings(void **state)
{
	struct look_up l = {.name = "nothing"};

	memset(&l.found, 0x55, sizeof(l.found));
	assert_int_equal(
	    fixture_run(*state, TXN_READ, look_up, &l), ERR_NO_STREAM);
	assert_int_equal(l.found.last, -1);
	assert_int_equal(l.found.settings.max_count, 0);
	assert_int_equal(l.found.settings.truncate_before, 0);
	assert_int_equal(l.found.settings.acl.n, 0);
	assert_int_equal(l.found.base.acl.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_come_back_in_order_and_as_they_were),
	    cmocka_unit_test(a_range_gives_what_there_is_of_it),
	    cmocka_unit_test(a_range_stays_within_its_stream),
	    cmocka_unit_test(
		an_event_that_is_not_there_is_no_event_that_is_hidden),
	    cmocka_unit_test(a_page_is_added_to),
	    cmocka_unit_test(max_count_shows_the_newest),
	    cmocka_unit_test(tb_hides_what_is_before_it),
	    cmocka_unit_test(max_age_hides_what_is_older),
	    cmocka_unit_test(one_event_is_found_by_its_number),
	    cmocka_unit_test(one_event_can_be_hidden),
	    cmocka_unit_test(a_metastream_shows_its_newest_event_only),
	    cmocka_unit_test(a_stream_not_written_is_missing),
	    cmocka_unit_test(settings_are_told_even_of_what_is_not_there),
	    cmocka_unit_test(a_metastream_tells_the_settings_of_its_stream),
	    cmocka_unit_test(an_event_is_shown_by_number_and_time),
	    cmocka_unit_test(the_mean_size_of_its_events_is_known),
	    cmocka_unit_test(what_is_not_there_has_no_settings),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
