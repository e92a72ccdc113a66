#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/access.h"
#include "store/clock.h"
#include "store/identity.h"
#include "store/tbl_counters.h"
#include "tests/unit/fixture_store.h"

/* Who asks, in this order in what a case expects. */
enum { ANYBODY, ANN, STAFF, ADMIN, SERVER, WHO };

static struct identity *who[WHO];

static struct identity *
make(const char *login, const char *group)
{
	struct slice groups[] = {slice_str(group)};
	struct identity_parts parts = {slice_str(login), groups, 1};
	struct identity *id;

	assert_int_equal(identity_new(&id, &parts), ERR_OK);
	return id;
}

static int
setup_group(void **state)
{
	(void)state;
	who[ANN] = make("ann", "guests");
	who[STAFF] = make("bob", "staff");
	who[ADMIN] = make("root", "$Admins");
	who[SERVER] = identity_keep(identity_server());
	return 0;
}

static int
teardown_group(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < WHO; i++)
		identity_free(&who[i]);
	return 0;
}

/* One question, and a line of 'y' and 'n' that answers it. */
struct question {
	const char *stream;
	const char *acl;
	enum access_right right;
	char answer[WHO + 1];
};

static enum err
ask(struct txn *tx, void *arg)
{
	struct question *q = arg;
	struct access_subject s = {slice_str(q->stream), slice_str(q->acl)};
	size_t i;
	enum err e;

	for (i = 0; i < WHO; i++) {
		e = access_check(tx, &s, who[i], q->right);
		if (e != ERR_OK && e != ERR_DENIED)
			return e;
		q->answer[i] = e == ERR_OK ? 'y' : 'n';
	}
	return ERR_OK;
}

static const char *
answer(struct fixture *f, struct question *q)
{
	assert_int_equal(fixture_run(f, TXN_READ, ask, q), ERR_OK);
	return q->answer;
}

static void
each_right_is_decided_by_its_own_list(void **state)
{
	static const struct {
		const char *stream, *acl;
		const char *read, *write, *delete;
	} cases[] = {
	    {"s", "", "yyyyy", "yyyyy", "yyyyy"},
	    {"s", "{}", "yyyyy", "yyyyy", "yyyyy"},
	    {"$s", "", "nnnyy", "nnnyy", "nnnyy"},
	    {"s", "{\"$r\":\"ANN\"}", "nynyy", "yyyyy", "yyyyy"},
	    {"s", "{\"$w\":[\"x\",\"Staff\"]}", "yyyyy", "nnyyy", "yyyyy"},
	    {"s", "{\"$d\":\"\"}", "yyyyy", "yyyyy", "nnnyy"},
	    {"s", "{\"$d\":[]}", "yyyyy", "yyyyy", "nnnyy"},
	    {"s", "{\"$r\":\"$ALL\"}", "nnnyy", "yyyyy", "yyyyy"},
	    {"s", "{\"$r\":[\"x\",\"$all\"]}", "yyyyy", "yyyyy", "yyyyy"},
	    {"$s", "{\"$r\":\"$all\"}", "yyyyy", "nnnyy", "nnnyy"},
	    {"$s", "{\"$r\":\"st\\u0061ff\"}", "nnyyy", "nnnyy", "nnnyy"},
	    {"s", "{\"$r\":[\"\\u0041nN\",\"s\"]}", "nynyy", "yyyyy", "yyyyy"},
	    {"s", "{\"$r\":\"\\u0024all\"}", "yyyyy", "yyyyy", "yyyyy"},
	    {"s", "{\"$r\":\"\\u0024ALL\"}", "nnnyy", "yyyyy", "yyyyy"},
	    {"s", "{\"$mr\":\"\",\"$mw\":\"\"}", "yyyyy", "yyyyy", "yyyyy"},
	    /* Metastreams: the base stream's $acl. */
	    {"$$s", "", "yyyyy", "yyyyy", "nnnnn"},
	    {"$$$s", "", "nnnyy", "nnnyy", "nnnnn"},
	    {"$$s", "{\"$r\":\"\",\"$w\":\"\"}", "yyyyy", "yyyyy", "nnnnn"},
	    {"$$s", "{\"$mr\":\"staff\"}", "nnyyy", "yyyyy", "nnnnn"},
	    {"$$s", "{\"$mw\":\"ann\",\"$d\":\"$all\"}", "yyyyy", "nynyy",
		"nnnnn"},
	    {"$$$$s", "", "nnnyy", "nnnyy", "nnnnn"},
	    /* Everything together. */
	    {"$all", "", "nnnyy", "nnnnn", "nnnnn"},
	    {"$all", "{\"$r\":\"$all\",\"$w\":\"$all\",\"$d\":\"$all\"}",
		"yyyyy", "nnnnn", "nnnnn"},
	    {"$$$all", "{\"$mw\":\"staff\"}", "nnnyy", "nnyyy", "nnnnn"},
	};
	struct question q;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		q = (struct question){
		    cases[i].stream, cases[i].acl, ACCESS_READ, ""};
		assert_string_equal(answer(*state, &q), cases[i].read);
		q.right = ACCESS_WRITE;
		assert_string_equal(answer(*state, &q), cases[i].write);
		q.right = ACCESS_DELETE;
		assert_string_equal(answer(*state, &q), cases[i].delete);
	}
}

/* $settings. */

static void
set_defaults(struct fixture *f, const char *document)
{
	struct event ev = {
	    .type = slice_str("any"), .data = slice_str(document)};

	guid_random(&ev.id);
	assert_int_equal(fixture_put(f, "$settings", &ev).outcome, ERR_OK);
}

static void
expect_reading(struct fixture *f, const char *stream, const char *expected)
{
	struct question q = {stream, "", ACCESS_READ, ""};

	assert_string_equal(answer(f, &q), expected);
}

static void
the_newest_settings_are_the_defaults(void **state)
{
	static const struct {
		const char *document;
		const char *user, *system, *meta; /* reading of */
	} cases[] = {
	    {"{\"$userStreamAcl\":{\"$r\":\"staff\"}}", "nnyyy", "nnnyy",
		"yyyyy"},
	    {"{\"$systemStreamAcl\":{\"$r\":[\"ann\",\"staff\"]}}", "yyyyy",
		"nyyyy", "yyyyy"},
	    {"{\"$userStreamAcl\":{\"$r\":\"\",\"$mr\":\"ann\"},"
	     "\"$systemStreamAcl\":{\"$r\":\"$all\"},\"more\":1}",
		"nnnyy", "yyyyy", "nynyy"},
	    {"{\"$userStreamAcl\":{}}", "yyyyy", "nnnyy", "yyyyy"},
	    /* What is wrong somewhere counts nowhere. */
	    {"{\"$userStreamAcl\":{\"$r\":\"staff\"},"
	     "\"$systemStreamAcl\":[]}",
		"yyyyy", "nnnyy", "yyyyy"},
	    {"{\"$userStreamAcl\":{\"$r\":\"staff\",\"x\":\"y\"}}", "yyyyy",
		"nnnyy", "yyyyy"},
	    {"{\"$userStreamAcl\":{\"$r\":[1]}}", "yyyyy", "nnnyy", "yyyyy"},
	    {"{\"$userStreamAcl\":{\"$r\":\"staff\"}", "yyyyy", "nnnyy",
		"yyyyy"},
	    {"", "yyyyy", "nnnyy", "yyyyy"},
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		set_defaults(*state, cases[i].document);
		expect_reading(*state, "s", cases[i].user);
		expect_reading(*state, "$s", cases[i].system);
		expect_reading(*state, "$$s", cases[i].meta);
	}
}

static void
a_list_of_the_streams_own_comes_before_the_defaults(void **state)
{
	struct question q = {"s", "{\"$r\":\"ann\"}", ACCESS_READ, ""};

	set_defaults(
	    *state, "{\"$userStreamAcl\":{\"$r\":\"staff\",\"$w\":\"staff\"}}");
	assert_string_equal(answer(*state, &q), "nynyy");
	q.right = ACCESS_WRITE;
	assert_string_equal(answer(*state, &q), "nnyyy");
	q.right = ACCESS_DELETE;
	assert_string_equal(answer(*state, &q), "yyyyy");
}

#define FOR_STAFF "{\"$userStreamAcl\":{\"$r\":\"staff\"}}"

static void
settings_that_do_not_show_do_not_count(void **state)
{
	struct fixture *f = *state;

	set_defaults(f, FOR_STAFF);
	expect_reading(f, "s", "nnyyy");
	fixture_describe(f, "$settings", "{\"$tb\":1}");
	expect_reading(f, "s", "yyyyy");
	fixture_describe(f, "$settings", "{\"$tb\":0}");
	expect_reading(f, "s", "nnyyy");
	fixture_delete(f, "$settings", APPEND_SOFT_DELETE, EXPECT_ANY);
	expect_reading(f, "s", "yyyyy");
	set_defaults(f, FOR_STAFF);
	expect_reading(f, "s", "nnyyy");
	fixture_delete(f, "$settings", APPEND_HARD_DELETE, EXPECT_ANY);
	expect_reading(f, "s", "yyyyy");
}

static void
settings_may_grow_too_old(void **state)
{
	struct fixture *f = *state;

	f->now = clock_now_ticks() - 10 * CLOCK_TICKS_PER_S;
	set_defaults(f, FOR_STAFF);
	expect_reading(f, "s", "nnyyy");
	fixture_describe(f, "$settings", "{\"$maxAge\":5}");
	expect_reading(f, "s", "yyyyy");
	fixture_describe(f, "$settings", "{\"$maxAge\":1000000}");
	expect_reading(f, "s", "nnyyy");
}

/* Change the defaults, ask, and leave nothing behind. */
static enum err
change_ask_undo(struct txn *tx, void *arg)
{
	struct event ev = {.type = slice_str("t"),
	    .data = slice_str("{\"$userStreamAcl\":{\"$r\":\"ann\"}}")};
	struct counters counters;
	struct append_batch batch = {.next = &counters};
	struct new_event ne;
	struct append a = {.stream = slice_str("$settings"),
	    .expected = EXPECT_ANY,
	    .events = &ne,
	    .n = 1,
	    .who = identity_server()};
	enum err e;

	guid_random(&ev.id);
	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	if ((e = tbl_counters_get_for_update(tx, &counters)) == ERR_OK &&
	    (e = append_apply(tx, &a, &batch)) == ERR_OK &&
	    (e = ask(tx, arg)) == ERR_OK)
		e = ERR_TAKEN; /* which undoes it */
	new_event_fini(&ne);
	return e;
}

static void
what_is_undone_is_nobodys_default(void **state)
{
	struct fixture *f = *state;
	struct question q = {"s", "", ACCESS_READ, ""};

	assert_int_equal(
	    fixture_run(f, TXN_WRITE, change_ask_undo, &q), ERR_TAKEN);
	assert_string_equal(q.answer, "nynyy");
	expect_reading(f, "s", "yyyyy");
	/* Another event comes to stand where the undone one stood. */
	set_defaults(f, FOR_STAFF);
	expect_reading(f, "s", "nnyyy");
}

/* Appends are checked with what they are carried out on. */

static enum err
post_as(struct fixture *f, struct identity *asks, const char *stream, char id)
{
	struct event ev = {.id = fixture_id(id),
	    .type = slice_str("$metadata"),
	    .data = slice_str("{\"$acl\":{\"$mw\":\"staff\"}}"),
	    .flags = EVENT_DATA_IS_JSON};
	struct new_event ne;
	struct append a = {.stream = slice_str(stream),
	    .expected = EXPECT_ANY,
	    .events = &ne,
	    .n = 1,
	    .who = asks};

	assert_int_equal(new_event_init(&ne, &ev), ERR_OK);
	fixture_write(f, &a);
	new_event_fini(&ne);
	return a.outcome;
}

static enum err
delete_as(struct fixture *f, struct identity *asks, const char *stream,
    enum append_kind kind)
{
	struct append a = {.kind = kind,
	    .stream = slice_str(stream),
	    .expected = 7, /* wrong: access comes first */
	    .who = asks};

	guid_random(&a.deletion);
	return fixture_write(f, &a);
}

static void
a_write_needs_the_right_to_write(void **state)
{
	struct fixture *f = *state;

	fixture_describe(f, "s", "{\"$acl\":{\"$w\":\"staff\"}}");
	assert_int_equal(post_as(f, NULL, "s", 'a'), ERR_DENIED);
	assert_int_equal(post_as(f, who[ANN], "s", 'a'), ERR_DENIED);
	assert_string_equal(fixture_ids(f, "s"), "");
	assert_int_equal(post_as(f, who[STAFF], "s", 'a'), ERR_OK);
	assert_int_equal(post_as(f, who[ADMIN], "s", 'b'), ERR_OK);
	assert_string_equal(fixture_ids(f, "s"), "ab");
	assert_int_equal(post_as(f, who[ANN], "$new", 'a'), ERR_DENIED);
	assert_int_equal(post_as(f, who[SERVER], "$new", 'a'), ERR_OK);
	assert_int_equal(post_as(f, who[SERVER], "$all", 'a'), ERR_DENIED);
	assert_int_equal(fixture_faults(f), 0);
}

static void
metadata_needs_the_right_that_held_before_it(void **state)
{
	struct fixture *f = *state;

	/* The document takes the right away from who writes it. */
	assert_int_equal(post_as(f, who[ANN], "$$s", 'a'), ERR_OK);
	assert_int_equal(post_as(f, who[ANN], "$$s", 'b'), ERR_DENIED);
	assert_int_equal(post_as(f, who[STAFF], "$$s", 'c'), ERR_OK);
}

static void
access_comes_before_everything_else(void **state)
{
	struct fixture *f = *state;

	fixture_describe(f, "s", "{\"$acl\":{\"$d\":\"staff\",\"$w\":\"\"}}");
	fixture_post(f, "s", EXPECT_ANY, "a");
	assert_int_equal(
	    delete_as(f, who[ANN], "s", APPEND_SOFT_DELETE), ERR_DENIED);
	assert_int_equal(delete_as(f, who[STAFF], "s", APPEND_SOFT_DELETE),
	    ERR_WRONG_VERSION);
	fixture_delete(f, "s", APPEND_HARD_DELETE, EXPECT_ANY);
	assert_int_equal(
	    delete_as(f, who[ANN], "s", APPEND_HARD_DELETE), ERR_DENIED);
	assert_int_equal(
	    delete_as(f, who[STAFF], "s", APPEND_HARD_DELETE), ERR_DELETED);
	/* A repeat is not told that it is one. */
	assert_int_equal(post_as(f, who[ANN], "s", 'a'), ERR_DENIED);
	assert_int_equal(
	    delete_as(f, who[SERVER], "$$s", APPEND_SOFT_DELETE), ERR_DENIED);
}

static void
what_was_carried_out_and_took_the_right_away_is_a_repeat(void **state)
{
	struct fixture *f = *state;
	struct append a = {.kind = APPEND_SOFT_DELETE,
	    .stream = slice_str("$s"),
	    .expected = EXPECT_ANY,
	    .who = who[STAFF]};

	fixture_describe(f, "$s", "{\"$acl\":{\"$d\":\"staff\"}}");
	fixture_post(f, "$s", EXPECT_ANY, "a");
	guid_random(&a.deletion);
	assert_int_equal(fixture_write(f, &a), ERR_OK);
	assert_true(a.was_allowed);
	/* The same transaction again; the $acl is gone by now. */
	assert_int_equal(fixture_write(f, &a), ERR_OK);
	/* But not another one. */
	guid_random(&a.deletion);
	assert_int_equal(fixture_write(f, &a), ERR_DENIED);
	a.was_allowed = false;
	assert_int_equal(fixture_write(f, &a), ERR_DENIED);
}

/* Reading. */

struct visit {
	const char *stream;
	struct identity *who;
	struct stream s;
	struct page *page;
};

static enum err
look(struct txn *tx, void *arg)
{
	struct stream_range all = {0, INT64_MAX};
	struct visit *v = arg;
	enum err e;

	page_reset(v->page);
	e = access_lookup(tx, v->who, slice_str(v->stream), &v->s);
	if (e == ERR_OK)
		e = stream_page(tx, &v->s, &all, v->page);
	if (e == ERR_OK)
		e = access_resolve(tx, v->who, &v->s, v->page);
	return e;
}

static enum err
visit(struct fixture *f, struct identity *asks, const char *stream,
    bool *is_public)
{
	struct visit v = {.stream = stream, .who = asks, .page = page_new()};
	enum err e = fixture_run(f, TXN_READ, look, &v);

	*is_public = v.s.is_public;
	page_free(&v.page);
	return e;
}

static void
a_reader_without_the_right_learns_nothing(void **state)
{
	struct fixture *f = *state;
	bool is_public;

	fixture_describe(f, "s", "{\"$acl\":{\"$r\":\"staff\"}}");
	assert_int_equal(visit(f, who[ANN], "s", &is_public), ERR_DENIED);
	assert_int_equal(visit(f, who[STAFF], "s", &is_public), ERR_NO_STREAM);
	assert_int_equal(visit(f, NULL, "$none", &is_public), ERR_DENIED);
	fixture_delete(f, "s", APPEND_HARD_DELETE, EXPECT_ANY);
	assert_int_equal(visit(f, who[ANN], "s", &is_public), ERR_DENIED);
	assert_int_equal(visit(f, who[STAFF], "s", &is_public), ERR_DELETED);
}

static void
put_link(struct fixture *f, const char *stream, const char *target)
{
	struct event link = {
	    .type = slice_str("$>"), .data = slice_str(target)};

	guid_random(&link.id);
	assert_int_equal(fixture_put(f, stream, &link).outcome, ERR_OK);
}

static void
a_page_is_as_public_as_all_that_its_links_show(void **state)
{
	struct fixture *f = *state;
	bool is_public;

	fixture_post(f, "open", EXPECT_ANY, "a");
	fixture_post(f, "closed", EXPECT_ANY, "a");
	fixture_describe(f, "closed", "{\"$acl\":{\"$r\":\"staff\"}}");
	put_link(f, "links", "0@open");
	assert_int_equal(visit(f, NULL, "links", &is_public), ERR_OK);
	assert_true(is_public);
	put_link(f, "links", "0@closed");
	put_link(f, "links", "0@open");
	assert_int_equal(visit(f, NULL, "links", &is_public), ERR_DENIED);
	assert_int_equal(visit(f, who[ANN], "links", &is_public), ERR_DENIED);
	assert_int_equal(visit(f, who[STAFF], "links", &is_public), ERR_OK);
	assert_false(is_public);
	/* Nor does it show whether a target that may not be read is there. */
	put_link(f, "more", "7@closed");
	put_link(f, "most", "0@$none");
	assert_int_equal(visit(f, who[ANN], "more", &is_public), ERR_DENIED);
	assert_int_equal(visit(f, who[ANN], "most", &is_public), ERR_DENIED);
}

#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_right_is_decided_by_its_own_list),
	    TEST(the_newest_settings_are_the_defaults),
	    TEST(a_list_of_the_streams_own_comes_before_the_defaults),
	    TEST(settings_that_do_not_show_do_not_count),
	    TEST(settings_may_grow_too_old),
	    TEST(what_is_undone_is_nobodys_default),
	    TEST(a_write_needs_the_right_to_write),
	    TEST(metadata_needs_the_right_that_held_before_it),
	    TEST(access_comes_before_everything_else),
	    TEST(what_was_carried_out_and_took_the_right_away_is_a_repeat),
	    TEST(a_reader_without_the_right_learns_nothing),
	    TEST(a_page_is_as_public_as_all_that_its_links_show),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
