#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "tests/unit/fixture_store.h"

/*
 * A page is read in bulk, into buffers sized by what the stream's events have
 * on the average: events around the edges of such buffers and of the tables'
 * pages, and pages at their limits.
 */
#define MIB (1u << 20)

/* Sizes of data, from far below a table's page to beyond a whole buffer. */
static const size_t sizes[] = {1, 0, 1000, 4000, 1, 4096, 900, 8192, 3, 70000,
    1 * MIB, 1, 1, 1048574, 2, 4 * MIB, 5, 4095, 1024, 1023, 65536, 7};

static const struct stream_range whole = {0, INT64_MAX};

/* The byte that stands at a place in the data of the ith event. */
static char
byte_at(size_t i, size_t at)
{
	return (char)(i * 31 + at * 7 + (at >> 10));
}

static void
put_sized(struct fixture *f, const char *stream, size_t i)
{
	size_t at, n = sizes[i];
	char *data = xmalloc(n);
	struct event ev = {.type = slice_str("sized"), .data = slice(data, n)};

	for (at = 0; at < n; at++)
		data[at] = byte_at(i, at);
	guid_random(&ev.id);
	assert_int_equal(fixture_put(f, stream, &ev).outcome, ERR_OK);
	free(data);
}

static void
expect_sized(const struct event *ev, size_t i)
{
	size_t at;

	assert_int_equal(ev->number, i);
	assert_int_equal(ev->data.n, sizes[i]);
	for (at = 0; at < ev->data.n; at++)
		if (ev->data.p[at] != byte_at(i, at))
			fail_msg("event %zu differs at %zu", i, at);
}

static void
expect_sized_range(struct fixture *f, size_t from, size_t to, struct page *pg)
{
	struct stream_range range = {(int64_t)from, (int64_t)to};
	size_t i;

	assert_int_equal(fixture_read(f, "sized", range, pg), ERR_OK);
	assert_int_equal(page_count(pg), to - from + 1);
	for (i = from; i <= to; i++)
		expect_sized(&page_entry(pg, i - from)->event, i);
}

static void
events_of_all_sizes_come_back_whole(void **state)
{
	struct page *pg = page_new();
	size_t i;

	for (i = 0; i < COUNT(sizes); i++)
		put_sized(*state, "sized", i);
	expect_sized_range(*state, 0, COUNT(sizes) - 1, pg);
	for (i = 0; i < COUNT(sizes); i++)
		expect_sized_range(*state, i, i, pg);
	for (i = 0; i + 3 < COUNT(sizes); i++)
		expect_sized_range(*state, i, i + 3, pg);
	page_free(&pg);
}

static void
great_events_among_many_small_ones_come_back(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	size_t i;

	/* The average tells nothing of the great ones. */
	for (i = 0; i < 4; i++) {
		assert_int_equal(
		    fixture_fill(f, "mixed", 900, 3).outcome, ERR_OK);
		assert_int_equal(
		    fixture_fill(f, "mixed", 1, 200000).outcome, ERR_OK);
	}
	assert_int_equal(fixture_read(f, "mixed", whole, pg), ERR_OK);
	assert_int_equal(page_count(pg), 3604);
	for (i = 0; i < page_count(pg); i++) {
		const struct event *ev = &page_entry(pg, i)->event;

		assert_int_equal(ev->number, i);
		assert_int_equal(ev->data.n, i % 901 == 900 ? 200000 : 3);
	}
	page_free(&pg);
}

static void
a_page_has_4096_events_at_most(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();

	assert_int_equal(
	    fixture_fill(f, "many", PAGE_MAX_EVENTS + 1, 10).outcome, ERR_OK);
	assert_int_equal(fixture_read(f, "many",
			     (struct stream_range){1, PAGE_MAX_EVENTS}, pg),
	    ERR_OK);
	assert_int_equal(page_count(pg), PAGE_MAX_EVENTS);
	assert_int_equal(fixture_read(f, "many", whole, pg), ERR_TOO_LARGE);
	page_free(&pg);
}

static void
a_page_of_too_many_bytes_is_refused(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	int i;

	for (i = 0; i < 5; i++)
		assert_int_equal(
		    fixture_fill(f, "great", 1, 30 * MIB).outcome, ERR_OK);
	assert_int_equal(fixture_read(f, "great", whole, pg), ERR_TOO_LARGE);
	assert_int_equal(
	    fixture_read(f, "great", (struct stream_range){1, 3}, pg), ERR_OK);
	assert_int_equal(page_count(pg), 3);
	assert_int_equal(page_entry(pg, 2)->event.data.n, 30 * MIB);
	page_free(&pg);
}

static enum err
read_all(struct txn *tx, void *arg)
{
	page_reset(arg);
	return stream_all_back(tx, UINT64_MAX, 5, arg);
}

static void
a_page_of_all_is_refused_when_too_great_as_well(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();

	/* Those of the test before are the newest. */
	assert_int_equal(fixture_run(f, TXN_READ, read_all, pg), ERR_TOO_LARGE);
	page_free(&pg);
}

static void
a_batch_of_5000_events_is_written_whole(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	struct append a = fixture_fill(f, "batch", 5000, 300);

	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 0);
	assert_int_equal(a.current, 4999);
	assert_int_equal(
	    fixture_read(f, "batch", (struct stream_range){4900, 4999}, pg),
	    ERR_OK);
	assert_int_equal(page_count(pg), 100);
	assert_int_equal(page_entry(pg, 99)->event.position, a.position);
	page_free(&pg);
}

static void
nothing_of_all_this_leaves_a_fault(void **state)
{
	assert_int_equal(fixture_faults(*state), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_of_all_sizes_come_back_whole),
	    cmocka_unit_test(great_events_among_many_small_ones_come_back),
	    cmocka_unit_test(a_page_has_4096_events_at_most),
	    cmocka_unit_test(a_batch_of_5000_events_is_written_whole),
	    cmocka_unit_test(a_page_of_too_many_bytes_is_refused),
	    cmocka_unit_test(a_page_of_all_is_refused_when_too_great_as_well),
	    cmocka_unit_test(nothing_of_all_this_leaves_a_fault),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
