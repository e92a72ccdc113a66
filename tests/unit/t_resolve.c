#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_store.h"

/* A page of links, and what becomes of them. */
struct following {
	const char *stream;
	struct page *page;
	stream_may_read_f *may_read;
	void *arg;
};

static enum err
follow(struct txn *tx, void *arg)
{
	struct stream_range all = {0, INT64_MAX};
	struct following *fo = arg;
	struct stream s;
	enum err e;

	page_reset(fo->page);
	if ((e = stream_lookup(tx, slice_str(fo->stream), &s)) != ERR_OK ||
	    (e = stream_page(tx, &s, &all, fo->page)) != ERR_OK)
		return e;
	return stream_resolve(tx, fo->page, fo->may_read, fo->arg);
}

/* Put one link to target into a stream of that name, and follow it. */
static struct entry *
follow_link(struct fixture *f, const char *target, struct page *pg)
{
	struct following fo = {.stream = target, .page = pg};
	struct event link = {
	    .type = slice_str("$>"), .data = slice_str(target)};

	guid_random(&link.id);
	assert_int_equal(fixture_put(f, target, &link).outcome, ERR_OK);
	assert_int_equal(fixture_run(f, TXN_READ, follow, &fo), ERR_OK);
	return page_entry(pg, page_count(pg) - 1);
}

static void
expect_target(struct fixture *f, const char *target, char id)
{
	struct page *pg = page_new();
	struct entry *e = follow_link(f, target, pg);

	assert_int_equal(e->link, LINK_RESOLVED);
	assert_int_equal(fixture_id_name(&e->target.id), id);
	assert_int_equal(e->target.number, e->target_number);
	page_free(&pg);
}

static void
expect_broken(struct fixture *f, const char *target)
{
	struct page *pg = page_new();

	assert_int_equal(follow_link(f, target, pg)->link, LINK_BROKEN);
	page_free(&pg);
}

static void
post(struct fixture *f, const char *stream, const char *ids)
{
	assert_int_equal(
	    fixture_post(f, stream, EXPECT_ANY, ids).outcome, ERR_OK);
}

static void
a_link_leads_to_its_event(void **state)
{
	post(*state, "plain", "abc");
	expect_target(*state, "0@plain", 'a');
	expect_target(*state, "2@plain", 'c');
}

static void
the_link_itself_stays_as_it_is(void **state)
{
	struct page *pg = page_new();
	struct entry *e;

	post(*state, "kept", "abc");
	e = follow_link(*state, "1@kept", pg);
	assert_true(slice_is(e->event.type, "$>"));
	assert_true(slice_is(e->event.data, "1@kept"));
	assert_int_equal(e->event.number, 0);
	assert_true(slice_is(e->target_stream, "kept"));
	assert_int_equal(e->target_number, 1);
	assert_true(slice_is(e->target.type, "test"));
	page_free(&pg);
}

static void
a_streams_name_may_have_an_at(void **state)
{
	post(*state, "who@where@when", "abc");
	expect_target(*state, "1@who@where@when", 'b');
}

static void
a_link_to_nothing_is_broken(void **state)
{
	post(*state, "short", "abc");
	expect_broken(*state, "3@short");
	expect_broken(*state, "9223372036854775807@short");
	expect_broken(*state, "0@never-written");
	expect_broken(*state, "0@$$short");
}

static void
a_link_to_what_is_deleted_is_broken(void **state)
{
	struct fixture *f = *state;

	post(f, "soft", "abc");
	post(f, "hard", "abc");
	expect_target(f, "1@soft", 'b');
	expect_target(f, "1@hard", 'b');
	fixture_delete(f, "soft", APPEND_SOFT_DELETE, EXPECT_ANY);
	fixture_delete(f, "hard", APPEND_HARD_DELETE, EXPECT_ANY);
	expect_broken(f, "1@soft");
	expect_broken(f, "1@hard");
	/* Nor does the tombstone show. */
	expect_broken(f, "9223372036854775807@hard");
	post(f, "soft", "d");
	expect_broken(f, "1@soft");
	expect_target(f, "3@soft", 'd');
}

static void
a_link_to_what_is_hidden_is_broken(void **state)
{
	struct fixture *f = *state;

	post(f, "hidden", "abc");
	fixture_describe(f, "hidden", "{\"$maxCount\":1}");
	expect_broken(f, "1@hidden");
	expect_target(f, "2@hidden", 'c');
}

static void
data_that_names_nothing_makes_an_ordinary_event(void **state)
{
	struct page *pg = page_new();

	assert_int_equal(
	    follow_link(*state, "no number@x", pg)->link, LINK_NONE);
	assert_int_equal(follow_link(*state, "12", pg)->link, LINK_NONE);
	page_free(&pg);
}

static void
a_link_to_a_link_is_followed_once(void **state)
{
	struct page *pg = page_new();
	struct entry *e;

	post(*state, "far", "abc");
	expect_target(*state, "1@far", 'b');
	e = follow_link(*state, "0@1@far", pg);
	assert_int_equal(e->link, LINK_RESOLVED);
	assert_true(slice_is(e->target.type, "$>"));
	page_free(&pg);
}

static void
links_and_events_may_be_mixed(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	struct following fo = {.stream = "2@mixed", .page = pg};

	post(f, "mixed", "abc");
	post(f, "2@mixed", "x");
	follow_link(f, "2@mixed", pg);
	post(f, "2@mixed", "y");
	assert_int_equal(fixture_run(f, TXN_READ, follow, &fo), ERR_OK);
	assert_int_equal(page_count(pg), 3);
	assert_int_equal(page_entry(pg, 0)->link, LINK_NONE);
	assert_int_equal(page_entry(pg, 1)->link, LINK_RESOLVED);
	assert_int_equal(page_entry(pg, 2)->link, LINK_NONE);
	page_free(&pg);
}

/* Refuse the stream whose $acl says so. */
static enum err
refuse_closed(struct txn *tx, void *arg, struct stream *target)
{
	(void)tx;
	++*(int *)arg;
	return slice_is(target->settings.acl, "{\"$r\":\"no\"}") ? ERR_DENIED
								 : ERR_OK;
}

static void
each_target_is_asked_about(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	int asked = 0;
	struct following fo = {.stream = "0@open",
	    .page = pg,
	    .may_read = refuse_closed,
	    .arg = &asked};

	post(f, "open", "a");
	post(f, "closed", "a");
	fixture_describe(f, "closed", "{\"$acl\":{\"$r\":\"no\"}}");
	expect_target(f, "0@open", 'a');
	expect_target(f, "0@closed", 'a');
	assert_int_equal(fixture_run(f, TXN_READ, follow, &fo), ERR_OK);
	assert_int_equal(asked, 1);
	fo.stream = "0@closed";
	assert_int_equal(fixture_run(f, TXN_READ, follow, &fo), ERR_DENIED);
	/* Also when there is nothing to be seen. */
	expect_broken(f, "5@closed");
	fo.stream = "5@closed";
	assert_int_equal(fixture_run(f, TXN_READ, follow, &fo), ERR_DENIED);
	page_free(&pg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_link_leads_to_its_event),
	    cmocka_unit_test(the_link_itself_stays_as_it_is),
	    cmocka_unit_test(a_streams_name_may_have_an_at),
	    cmocka_unit_test(a_link_to_nothing_is_broken),
	    cmocka_unit_test(a_link_to_what_is_deleted_is_broken),
	    cmocka_unit_test(a_link_to_what_is_hidden_is_broken),
	    cmocka_unit_test(data_that_names_nothing_makes_an_ordinary_event),
	    cmocka_unit_test(a_link_to_a_link_is_followed_once),
	    cmocka_unit_test(links_and_events_may_be_mixed),
	    cmocka_unit_test(each_target_is_asked_about),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
