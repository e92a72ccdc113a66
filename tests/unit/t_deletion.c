#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/settings.h"
#include "tests/unit/fixture_store.h"

/* What the newest event that a stream shows has as data. */
static void
expect_newest(struct fixture *f, const char *stream, const char *data)
{
	struct stream_range all = {0, INT64_MAX};
	struct page *pg = page_new();
	struct slice found;
	char *text;

	assert_int_equal(fixture_read(f, stream, all, pg), ERR_OK);
	assert_true(page_count(pg) > 0);
	found = page_entry(pg, page_count(pg) - 1)->event.data;
	text = xstrndup(found.p, found.n);
	assert_string_equal(text, data);
	free(text);
	page_free(&pg);
}

static void
expect_shown(struct fixture *f, const char *stream, const char *ids)
{
	struct stream_range all = {0, INT64_MAX};
	struct page *pg = page_new();

	assert_int_equal(fixture_read(f, stream, all, pg), ERR_OK);
	assert_string_equal(fixture_page_ids(f, pg), ids);
	page_free(&pg);
}

static void
expect_missing(struct fixture *f, const char *stream, enum err e)
{
	struct stream_range all = {0, INT64_MAX};
	struct page *pg = page_new();

	assert_int_equal(fixture_read(f, stream, all, pg), e);
	page_free(&pg);
}

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

static void
soft_delete(struct fixture *f, const char *stream)
{
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_SOFT_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

static void
hard_delete(struct fixture *f, const char *stream)
{
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_HARD_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

static void
a_soft_deletion_replaces_the_metadata_and_hides_the_stream(void **state)
{
	struct fixture *f = *state;

	post(f, "so1", "abc");
	describe(f, "so1", "{\"$acl\":{\"$r\":\"x\"},\"mine\":1}");
	soft_delete(f, "so1");
	expect_newest(f, "$$so1", "{\"$tb\":9223372036854775807}");
	expect_missing(f, "so1", ERR_NO_STREAM);
	assert_string_equal(fixture_ids(f, "so1"), "abc");
}

static void
a_soft_deletion_can_be_repeated(void **state)
{
	struct fixture *f = *state;

	post(f, "so2", "abc");
	soft_delete(f, "so2");
	soft_delete(f, "so2");
	assert_string_equal(fixture_ids(f, "$$so2"), "**");
	expect_missing(f, "so2", ERR_NO_STREAM);
}

static void
writing_again_truncates_before_the_new_events(void **state)
{
	struct fixture *f = *state;
	struct append a;

	post(f, "re1", "abc");
	soft_delete(f, "re1");
	a = fixture_post(f, "re1", EXPECT_NO_STREAM, "de");
	assert_int_equal(a.first, 3);
	assert_int_equal(a.current, 4);
	expect_newest(f, "$$re1", "{\"$tb\":3}");
	expect_shown(f, "re1", "de");
	assert_string_equal(fixture_ids(f, "re1"), "abcde");
}

static void
only_the_first_write_after_a_deletion_restores(void **state)
{
	struct fixture *f = *state;

	post(f, "re2", "abc");
	soft_delete(f, "re2");
	post(f, "re2", "d");
	post(f, "re2", "e");
	assert_string_equal(fixture_ids(f, "$$re2"), "**");
	expect_shown(f, "re2", "de");
}

static void
a_stream_can_be_deleted_and_written_again_and_again(void **state)
{
	struct fixture *f = *state;

	post(f, "re3", "a");
	soft_delete(f, "re3");
	post(f, "re3", "b");
	soft_delete(f, "re3");
	post(f, "re3", "c");
	expect_newest(f, "$$re3", "{\"$tb\":2}");
	expect_shown(f, "re3", "c");
}

static void
a_stream_hidden_by_its_users_own_tb_keeps_its_metadata(void **state)
{
	struct fixture *f = *state;

	post(f, "re4", "abc");
	describe(f, "re4",
	    "{ \"a\" : [1, 2], \"$tb\" : 9223372036854775807, "
	    "\"$maxCount\":5}");
	expect_missing(f, "re4", ERR_NO_STREAM);
	post(f, "re4", "d");
	expect_newest(f, "$$re4", "{\"a\":[1, 2],\"$maxCount\":5,\"$tb\":3}");
	expect_shown(f, "re4", "d");
}

static void
metadata_posted_to_a_soft_deleted_stream_restores_it(void **state)
{
	struct fixture *f = *state;
	struct append a;
	uint64_t end;

	post(f, "me1", "abc");
	soft_delete(f, "me1");
	end = fixture_end(f);
	a = fixture_describe(f, "me1", "{\"$maxCount\":2,\"k\":\"v\"}");
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 1);
	assert_int_equal(a.current, 2);
	assert_int_equal(a.position, end);
	expect_newest(f, "$$me1", "{\"$maxCount\":2,\"k\":\"v\",\"$tb\":3}");
	expect_shown(f, "me1", "");
	post(f, "me1", "d");
	expect_shown(f, "me1", "d");
	assert_string_equal(fixture_ids(f, "$$me1"), "***");
}

static void
the_server_overrules_a_tb_posted_to_a_soft_deleted_stream(void **state)
{
	struct fixture *f = *state;

	post(f, "me2", "abc");
	soft_delete(f, "me2");
	describe(f, "me2", "{\"$tb\":1}");
	expect_newest(f, "$$me2", "{\"$tb\":3}");
	expect_shown(f, "me2", "");
}

static void
metadata_may_come_before_the_stream(void **state)
{
	struct fixture *f = *state;

	describe(f, "me3", "{\"$maxCount\":1}");
	expect_missing(f, "me3", ERR_NO_STREAM);
	expect_newest(f, "$$me3", "{\"$maxCount\":1}");
	post(f, "me3", "abc");
	expect_shown(f, "me3", "c");
}

static void
metadata_is_versioned_by_the_metastream(void **state)
{
	struct fixture *f = *state;

	post(f, "me4", "abc");
	assert_int_equal(
	    fixture_post(f, "$$me4", 2, "x").outcome, ERR_WRONG_VERSION);
	assert_int_equal(
	    fixture_post(f, "$$me4", EXPECT_NO_STREAM, "x").outcome, ERR_OK);
	assert_int_equal(fixture_post(f, "$$me4", 0, "y").outcome, ERR_OK);
	assert_int_equal(
	    fixture_post(f, "$$me4", EXPECT_NO_STREAM, "xy").outcome, ERR_OK);
}

static void
a_metastream_must_have_been_written_to_exist(void **state)
{
	struct fixture *f = *state;

	post(f, "me5", "abc");
	assert_int_equal(fixture_post(f, "$$me5", EXPECT_STREAM, "x").outcome,
	    ERR_WRONG_VERSION);
}

static void
the_last_event_of_a_batch_of_metadata_counts(void **state)
{
	struct fixture *f = *state;

	post(f, "me6", "abc");
	describe(f, "me6", "{\"$maxCount\":1}");
	/* Their data has no setting. */
	post(f, "$$me6", "xy");
	expect_shown(f, "me6", "abc");
}

static void
metadata_of_metadata_has_no_effect(void **state)
{
	struct fixture *f = *state;

	post(f, "me7", "abc");
	describe(f, "me7", "{\"$maxCount\":2}");
	describe(f, "$$me7", "{\"$tb\":9223372036854775807}");
	expect_newest(f, "$$me7", "{\"$maxCount\":2}");
	expect_shown(f, "me7", "bc");
}

static void
a_hard_deletion_ends_stream_and_metastream(void **state)
{
	struct fixture *f = *state;
	struct append a;

	post(f, "ha1", "abc");
	describe(f, "ha1", "{}");
	hard_delete(f, "ha1");
	expect_missing(f, "ha1", ERR_DELETED);
	expect_missing(f, "$$ha1", ERR_DELETED);
	a = fixture_describe(f, "ha1", "{}");
	assert_int_equal(a.outcome, ERR_DELETED);
	assert_string_equal(fixture_ids(f, "$$ha1"), "*");
}

static void
a_hard_deletion_needs_no_stream(void **state)
{
	struct fixture *f = *state;

	hard_delete(f, "ha2");
	expect_missing(f, "ha2", ERR_DELETED);
	expect_missing(f, "$$ha2", ERR_DELETED);
}

/* The last event of all. */
static enum err
read_newest(struct txn *tx, void *arg)
{
	page_reset(arg);
	return stream_all_back(tx, UINT64_MAX, 1, arg);
}

static void
a_tombstone_stands_in_all(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	struct append a;

	a = fixture_delete(f, "ha3", APPEND_HARD_DELETE, EXPECT_NO_STREAM);
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(fixture_run(f, TXN_READ, read_newest, pg), ERR_OK);
	assert_int_equal(page_count(pg), 1);
	assert_int_equal(page_entry(pg, 0)->event.position, a.position);
	assert_true(slice_is(page_entry(pg, 0)->stream, "ha3"));
	assert_true(slice_is(page_entry(pg, 0)->event.type, "$streamDeleted"));
	page_free(&pg);
}

/* As the writer does it when a recovery left the outcome unknown. */
static void
a_deletion_run_again_is_carried_out_once(void **state)
{
	static const enum append_kind kinds[] = {
	    APPEND_SOFT_DELETE, APPEND_HARD_DELETE};
	struct fixture *f = *state;
	struct append a;
	uint64_t position;
	size_t i;

	for (i = 0; i < 2; i++) {
		a = fixture_delete(f, "again", kinds[i], EXPECT_ANY);
		assert_int_equal(a.outcome, ERR_OK);
		position = a.position;
		assert_int_equal(fixture_write(f, &a), ERR_OK);
		assert_int_equal(a.outcome, ERR_OK);
		a = fixture_delete(f, "other", APPEND_SOFT_DELETE, EXPECT_ANY);
		assert_int_equal(a.position, position + 1);
	}
}

static void
what_made_a_stream_anew_can_be_repeated(void **state)
{
	struct fixture *f = *state;
	struct append a;

	fixture_post(f, "anew", EXPECT_NO_STREAM, "ab");
	fixture_delete(f, "anew", APPEND_SOFT_DELETE, EXPECT_ANY);
	a = fixture_post(f, "anew", EXPECT_NO_STREAM, "cd");
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 2);
	fixture_post(f, "anew", EXPECT_ANY, "e");
	a = fixture_post(f, "anew", EXPECT_NO_STREAM, "cd");
	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.first, 2);
	assert_int_equal(
	    fixture_post(f, "anew", EXPECT_NO_STREAM, "de").outcome,
	    ERR_WRONG_VERSION);
	assert_int_equal(fixture_post(f, "anew", EXPECT_NO_STREAM, "e").outcome,
	    ERR_WRONG_VERSION);
	assert_string_equal(fixture_ids(f, "anew"), "abcde");
}

/* A metadata document whose $acl has this many bytes. */
static char *
document_with_acl(const char *before, size_t acl_bytes, const char *after)
{
	const char head[] = "{\"$r\":\"", tail[] = "\"}";
	size_t n = acl_bytes - (sizeof(head) - 1) - (sizeof(tail) - 1);
	char *user = xcalloc(1, n + 1), *text;

	memset(user, 'u', n);
	text =
	    xasprintf("{%s\"$acl\":%s%s%s%s}", before, head, user, tail, after);
	free(user);
	return text;
}

static enum err
describe_with_acl(struct fixture *f, const char *stream, size_t acl_bytes)
{
	char *text = document_with_acl("", acl_bytes, "");
	enum err e = fixture_describe(f, stream, text).outcome;

	free(text);
	return e;
}

static void
an_acl_of_the_greatest_size_is_taken(void **state)
{
	struct fixture *f = *state;

	post(f, "ac1", "abc");
	assert_int_equal(describe_with_acl(f, "ac1", SETTINGS_MAX_ACL), ERR_OK);
	soft_delete(f, "ac1");
	assert_int_equal(describe_with_acl(f, "ac1", SETTINGS_MAX_ACL), ERR_OK);
	expect_shown(f, "ac1", "");
}

static void
a_greater_acl_is_refused_and_writes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t end = fixture_end(f);

	assert_int_equal(
	    describe_with_acl(f, "ac2", SETTINGS_MAX_ACL + 1), ERR_TOO_LARGE);
	assert_int_equal(f->failure, ERR_OK);
	assert_int_equal(fixture_end(f), end);
	assert_string_equal(fixture_ids(f, "$$ac2"), "");
}

static void
a_great_acl_behind_another_fault_is_refused_as_well(void **state)
{
	struct fixture *f = *state;
	char *text = document_with_acl("\"$tb\":\"x\",", 4000, "");
	uint64_t end;

	/* Re-creation would mend the $tb, and the $acl would count. */
	post(f, "ac3", "abc");
	soft_delete(f, "ac3");
	end = fixture_end(f);
	assert_int_equal(
	    fixture_describe(f, "ac3", text).outcome, ERR_TOO_LARGE);
	/* It alone: others in the transaction would be written. */
	assert_int_equal(f->failure, ERR_OK);
	assert_int_equal(fixture_end(f), end);
	free(text);
}

static void
metadata_that_is_not_json_counts_as_empty_when_restored(void **state)
{
	struct fixture *f = *state;
	char *text = document_with_acl("", 4000, "");
	struct event ev = {.id = fixture_id('m'), .data = slice_str(text)};

	post(f, "ac4", "abc");
	soft_delete(f, "ac4");
	assert_int_equal(fixture_put(f, "$$ac4", &ev).outcome, ERR_OK);
	expect_newest(f, "$$ac4", "{\"$tb\":3}");
	expect_shown(f, "ac4", "");
	free(text);
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
	    cmocka_unit_test(
		a_soft_deletion_replaces_the_metadata_and_hides_the_stream),
	    cmocka_unit_test(a_soft_deletion_can_be_repeated),
	    cmocka_unit_test(writing_again_truncates_before_the_new_events),
	    cmocka_unit_test(only_the_first_write_after_a_deletion_restores),
	    cmocka_unit_test(
		a_stream_can_be_deleted_and_written_again_and_again),
	    cmocka_unit_test(
		a_stream_hidden_by_its_users_own_tb_keeps_its_metadata),
	    cmocka_unit_test(
		metadata_posted_to_a_soft_deleted_stream_restores_it),
	    cmocka_unit_test(
		the_server_overrules_a_tb_posted_to_a_soft_deleted_stream),
	    cmocka_unit_test(metadata_may_come_before_the_stream),
	    cmocka_unit_test(metadata_is_versioned_by_the_metastream),
	    cmocka_unit_test(a_metastream_must_have_been_written_to_exist),
	    cmocka_unit_test(the_last_event_of_a_batch_of_metadata_counts),
	    cmocka_unit_test(metadata_of_metadata_has_no_effect),
	    cmocka_unit_test(a_hard_deletion_ends_stream_and_metastream),
	    cmocka_unit_test(a_hard_deletion_needs_no_stream),
	    cmocka_unit_test(a_tombstone_stands_in_all),
	    cmocka_unit_test(a_deletion_run_again_is_carried_out_once),
	    cmocka_unit_test(what_made_a_stream_anew_can_be_repeated),
	    cmocka_unit_test(an_acl_of_the_greatest_size_is_taken),
	    cmocka_unit_test(a_greater_acl_is_refused_and_writes_nothing),
	    cmocka_unit_test(
		a_great_acl_behind_another_fault_is_refused_as_well),
	    cmocka_unit_test(
		metadata_that_is_not_json_counts_as_empty_when_restored),
	    cmocka_unit_test(nothing_of_all_this_leaves_a_fault),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
