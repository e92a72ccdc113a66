/*
 * What a reader sees of a writer that has not committed.  The reader runs in
 * the middle of the writer's transaction, on the same thread: were it to wait
 * for the writer, nobody would ever go on, so an alarm ends the test.
 */
#include "config.h"

#include <unistd.h>

#include "store/clock.h"
#include "store/tbl_counters.h"
#include "tests/unit/fixture_store.h"

#define SECONDS_TO_HANG 20

typedef void look_f(struct fixture *);

struct open_write {
	struct fixture *fixture;
	struct append *append;
	look_f *look;
	enum err verdict; /* what the transaction ends with */
};

static enum err
write_and_look(struct txn *tx, void *arg)
{
	struct open_write *w = arg;
	struct counters next;
	struct append_batch batch = {.next = &next, .now = clock_now_ticks()};

	assert_int_equal(tbl_counters_get_for_update(tx, &next), ERR_OK);
	assert_int_equal(append_apply(tx, w->append, &batch), ERR_OK);
	assert_int_equal(w->append->outcome, ERR_OK);
	assert_int_equal(tbl_counters_put(tx, &next), ERR_OK);
	w->look(w->fixture);
	return w->verdict;
}

static void
look_during(struct fixture *f, struct append *a, look_f *look, enum err verdict)
{
	struct open_write w = {f, a, look, verdict};

	alarm(SECONDS_TO_HANG);
	assert_int_equal(
	    fixture_run(f, TXN_WRITE, write_and_look, &w), verdict);
	alarm(0);
}

static void
make_events(struct new_event *events, const char *ids)
{
	struct event ev = {.type = slice_str("t"), .data = slice_str("x")};
	size_t i;

	for (i = 0; ids[i] != '\0'; i++) {
		ev.id = fixture_id(ids[i]);
		assert_int_equal(new_event_init(&events[i], &ev), ERR_OK);
	}
}

static void
free_events(struct new_event *events, size_t n)
{
	while (n > 0)
		new_event_fini(&events[--n]);
}

static enum err
read_all_forward(struct txn *tx, void *arg)
{
	return stream_all(tx, 0, 100, arg);
}

static enum err
read_all_back(struct txn *tx, void *arg)
{
	return stream_all_back(tx, UINT64_MAX, 100, arg);
}

static void
sees_only_ab(struct fixture *f)
{
	const struct stream_range all = {0, INT64_MAX};
	struct page *pg = page_new();

	assert_int_equal(fixture_read(f, "s", all, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), "ab");
	page_reset(pg);
	assert_int_equal(
	    fixture_run(f, TXN_READ, read_all_forward, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), "ab");
	page_reset(pg);
	assert_int_equal(fixture_run(f, TXN_READ, read_all_back, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), "ba");
	assert_int_equal(fixture_end(f), 2);
	page_free(&pg);
}

static void
sees_no_stream(struct fixture *f)
{
	const struct stream_range all = {0, INT64_MAX};
	struct page *pg = page_new();

	assert_int_equal(fixture_read(f, "new", all, pg), ERR_NO_STREAM);
	page_free(&pg);
}

static void
an_open_append_is_neither_seen_nor_waited_for(void **state)
{
	struct fixture *f = *state;
	struct new_event events[2];
	struct append a = {.stream = slice_str("s"),
	    .expected = EXPECT_ANY,
	    .events = events,
	    .n = 2};

	fixture_post(f, "s", EXPECT_NO_STREAM, "ab");
	make_events(events, "cd");
	look_during(f, &a, sees_only_ab, ERR_OK);
	assert_string_equal(fixture_ids(f, "s"), "abcd");
	free_events(events, 2);
}

static void
an_append_that_is_undone_was_never_seen(void **state)
{
	struct fixture *f = *state;
	struct new_event events[2];
	struct append a = {.stream = slice_str("s"),
	    .expected = EXPECT_ANY,
	    .events = events,
	    .n = 2};

	fixture_post(f, "s", EXPECT_NO_STREAM, "ab");
	make_events(events, "cd");
	look_during(f, &a, sees_only_ab, ERR_IO);
	sees_only_ab(f);
	assert_int_equal(fixture_faults(f), 0);
	free_events(events, 2);
}

static void
a_stream_is_there_when_its_first_append_is_committed(void **state)
{
	struct fixture *f = *state;
	struct new_event events[1];
	struct append a = {.stream = slice_str("new"),
	    .expected = EXPECT_NO_STREAM,
	    .events = events,
	    .n = 1};

	make_events(events, "a");
	look_during(f, &a, sees_no_stream, ERR_OK);
	assert_string_equal(fixture_ids(f, "new"), "a");
	free_events(events, 1);
}

static void
an_open_deletion_hides_nothing_yet(void **state)
{
	struct fixture *f = *state;
	struct append a = {.kind = APPEND_HARD_DELETE,
	    .stream = slice_str("s"),
	    .expected = EXPECT_ANY};

	fixture_post(f, "s", EXPECT_NO_STREAM, "ab");
	guid_random(&a.deletion);
	look_during(f, &a, sees_only_ab, ERR_OK);
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_ANY, "c").outcome, ERR_DELETED);
}

#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_open_append_is_neither_seen_nor_waited_for),
	    TEST(an_append_that_is_undone_was_never_seen),
	    TEST(a_stream_is_there_when_its_first_append_is_committed),
	    TEST(an_open_deletion_hides_nothing_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
