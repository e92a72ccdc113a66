#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/settings.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum err
read_text(struct settings *s, const char *document)
{
	struct event ev = {
	    .flags = EVENT_DATA_IS_JSON, .data = slice_str(document)};

	return settings_read(s, &ev);
}

static void
expect_empty(const struct settings *s)
{
	assert_int_equal(s->max_count, 0);
	assert_int_equal(s->max_age, 0);
	assert_int_equal(s->truncate_before, 0);
	assert_int_equal(s->cache_control, 0);
	assert_int_equal(s->acl.n, 0);
}

static void
all_settings_are_read(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(
	    read_text(&s,
		"{\"mine\":{\"$tb\":9}, \"$maxCount\":1, \"$maxAge\":2,"
		"\"$tb\":3, \"$cacheControl\":4, \"$tmp\":true,"
		"\"$acl\": {\"$r\":\"a\", \"$w\":[\"b\", \"c\"], \"$d\":[],"
		"\"$mr\":\"\", \"$mw\":\"$all\"} }"),
	    ERR_OK);
	assert_int_equal(s.max_count, 1);
	assert_int_equal(s.max_age, 2);
	assert_int_equal(s.truncate_before, 3);
	assert_int_equal(s.cache_control, 4);
	assert_true(
	    slice_is(s.acl, "{\"$r\":\"a\", \"$w\":[\"b\", \"c\"], \"$d\":[],"
			    "\"$mr\":\"\", \"$mw\":\"$all\"}"));
}

static void
names_with_escapes_are_the_same_names(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(read_text(&s, "{\"\\u0024maxCount\":7}"), ERR_OK);
	assert_int_equal(s.max_count, 7);
}

static void
of_a_repeated_member_the_last_counts(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(
	    read_text(&s, "{\"$maxCount\":7,\"$maxCount\":8}"), ERR_OK);
	assert_int_equal(s.max_count, 8);
}

static void
limits_beyond_their_range_are_ignored(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(
	    read_text(&s, "{\"$maxCount\":0,\"$maxAge\":-1,\"$tb\":-5,"
			  "\"$cacheControl\":0,\"$acl\":{\"$r\":\"a\"}}"),
	    ERR_OK);
	assert_int_equal(s.max_count, 0);
	assert_int_equal(s.max_age, 0);
	assert_int_equal(s.truncate_before, 0);
	assert_int_equal(s.cache_control, 0);
	assert_true(slice_is(s.acl, "{\"$r\":\"a\"}"));
}

static void
one_member_of_a_wrong_type_spoils_the_document(void **state)
{
	static const char *const documents[] = {
	    "{\"$maxCount\":3,\"$maxAge\":\"2\"}",
	    "{\"$maxCount\":3,\"$maxAge\":1.5}",
	    "{\"$maxCount\":3,\"$maxAge\":1e3}",
	    "{\"$maxCount\":3,\"$maxAge\":null}",
	    "{\"$maxCount\":3,\"$tb\":9223372036854775808}",
	    "{\"$maxCount\":3,\"$tb\":10000000000000000000000000}",
	    "{\"$maxCount\":3,\"$cacheControl\":true}",
	    "{\"$maxCount\":3,\"$tmp\":1}",
	    "{\"$maxCount\":3,\"$acl\":[]}",
	    "{\"$maxCount\":3,\"$acl\":{\"$x\":\"a\"}}",
	    "{\"$maxCount\":3,\"$acl\":{\"$r\":1}}",
	    "{\"$maxCount\":3,\"$acl\":{\"$r\":[\"a\",1]}}",
	    "{\"$acl\":{\"$r\":\"a\"},\"$maxCount\":[]}",
	};
	struct settings s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(documents); i++) {
		assert_int_equal(read_text(&s, documents[i]), ERR_OK);
		expect_empty(&s);
	}
}

static void
what_is_no_object_counts_as_empty(void **state)
{
	static const char *const documents[] = {"", "[]", "1", "\"$tb\"",
	    "{\"$tb\":1", "{'$tb':1}", "{\"$tb\":1} x"};
	struct settings s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(documents); i++) {
		assert_int_equal(read_text(&s, documents[i]), ERR_OK);
		expect_empty(&s);
	}
}

static void
what_is_not_marked_as_json_counts_as_empty(void **state)
{
	struct event ev = {.data = slice_str("{\"$maxCount\":3}")};
	struct settings s;

	(void)state;
	assert_int_equal(settings_read(&s, &ev), ERR_OK);
	expect_empty(&s);
}

static void
an_acl_is_bounded(void **state)
{
	static const char head[] = "{\"$acl\":{\"$r\":\"";
	char text[SETTINGS_MAX_ACL + 100];
	/* From the brace of the acl to its own. */
	size_t users = SETTINGS_MAX_ACL - strlen("{\"$r\":\"\"}");
	struct settings s;

	(void)state;
	memset(text, 'u', sizeof(text));
	memcpy(text, head, strlen(head));
	memcpy(text + strlen(head) + users, "\"}}", 4);
	assert_int_equal(read_text(&s, text), ERR_OK);
	assert_int_equal(s.acl.n, SETTINGS_MAX_ACL);
	memcpy(text + strlen(head) + users, "u\"}}", 5);
	assert_int_equal(read_text(&s, text), ERR_TOO_LARGE);
	expect_empty(&s);
}

static void
a_soft_deletion_is_known_again(void **state)
{
	struct event ev = {
	    .flags = EVENT_DATA_IS_JSON, .data = settings_soft_deletion()};
	struct settings s;

	(void)state;
	assert_int_equal(settings_read(&s, &ev), ERR_OK);
	assert_true(settings_soft_deleted(&s));
	assert_int_equal(
	    read_text(&s, "{\"$tb\":9223372036854775806}"), ERR_OK);
	assert_false(settings_soft_deleted(&s));
}

static void
truncating_keeps_the_rest_byte_for_byte(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
	    {"{}", "{\"$tb\":5}"},
	    {"{\"$tb\":9223372036854775807}", "{\"$tb\":5}"},
	    {"{ \"a\" : 0.10 , \"b\" : [ 1 ] }",
		"{\"a\":0.10,\"b\":[ 1 ],\"$tb\":5}"},
	    {"{\"$tb\":1,\"a\":\"\\u00e9\",\"$t\\u0062\":2}",
		"{\"a\":\"\\u00e9\",\"$tb\":5}"},
	    {"{\"a\\\"b\":12345678901234567890}",
		"{\"a\\\"b\":12345678901234567890,\"$tb\":5}"},
	    {"{\"\":1}", "{\"\":1,\"$tb\":5}"},
	    {"[1]", "{\"$tb\":5}"},
	    {"not json", "{\"$tb\":5}"},
	    {"", "{\"$tb\":5}"},
	};
	struct buf out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&out);
		settings_print_truncated(&out, slice_str(cases[i].before), 5);
		buf_add_char(&out, '\0');
		assert_string_equal(out.p, cases[i].after);
	}
	buf_fini(&out);
}

static void
a_record_holds_them_all(void **state)
{
	struct settings s = {.max_count = 1,
	    .max_age = INT64_MAX,
	    .truncate_before = SETTINGS_SOFT_DELETED,
	    .cache_control = 4,
	    .acl = slice_str("{\"$r\":\"a\"}")};
	unsigned char record[SETTINGS_MAX_SIZE];
	struct settings read;
	size_t n = settings_encode(record, &s);

	(void)state;
	assert_int_equal(settings_decode(&read, slice(record, n)), ERR_OK);
	assert_int_equal(read.max_count, 1);
	assert_int_equal(read.max_age, INT64_MAX);
	assert_true(settings_soft_deleted(&read));
	assert_int_equal(read.cache_control, 4);
	assert_true(slice_eq(read.acl, s.acl));
}

static void
a_record_of_another_length_is_damaged(void **state)
{
	struct settings s = {.acl = slice_str("{\"$r\":\"a\"}")}, read;
	unsigned char record[SETTINGS_MAX_SIZE + 1] = {0};
	size_t i, n = settings_encode(record, &s);

	(void)state;
	for (i = 0; i <= n + 1; i++)
		assert_int_equal(settings_decode(&read, slice(record, i)),
		    i == n ? ERR_OK : ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_settings_are_read),
	    cmocka_unit_test(names_with_escapes_are_the_same_names),
	    cmocka_unit_test(of_a_repeated_member_the_last_counts),
	    cmocka_unit_test(limits_beyond_their_range_are_ignored),
	    cmocka_unit_test(one_member_of_a_wrong_type_spoils_the_document),
	    cmocka_unit_test(what_is_no_object_counts_as_empty),
	    cmocka_unit_test(what_is_not_marked_as_json_counts_as_empty),
	    cmocka_unit_test(an_acl_is_bounded),
	    cmocka_unit_test(a_soft_deletion_is_known_again),
	    cmocka_unit_test(truncating_keeps_the_rest_byte_for_byte),
	    cmocka_unit_test(a_record_holds_them_all),
	    cmocka_unit_test(a_record_of_another_length_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
