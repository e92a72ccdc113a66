#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/json.h"
#include "store/json_string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Bytes with their length, so that NUL can be among them. */
#define BYTES(s)                   \
	{                          \
		(s), sizeof(s) - 1 \
	}

static void
a_string_is_unescaped_to_utf8(void **state)
{
	static const struct {
		const char *text;
		struct slice said;
	} cases[] = {{"\"\"", BYTES("")}, {"\"plain\"", BYTES("plain")},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", BYTES("\"\\/\b\f\n\r\t")},
	    {"\"\\u0041\\u00E9\\u20ac\"", BYTES("A\xc3\xa9\xe2\x82\xac")},
	    {"\"\\uD83D\\uDE00\"", BYTES("\xf0\x9f\x98\x80")},
	    {"\"\\udbff\\udfff\"", BYTES("\xf4\x8f\xbf\xbf")},
	    {"\"\\u0000\"", BYTES("\0")},
	    {"\"\\ud83d\"", BYTES("\xef\xbf\xbd")},
	    {"\"\\ude00x\"", BYTES("\xef\xbf\xbdx")},
	    {"\"\\ude00\\ude00\"", BYTES("\xef\xbf\xbd\xef\xbf\xbd")},
	    {"\"\\ud83d\\n\"", BYTES("\xef\xbf\xbd\n")},
	    {"\"\\ud83d\\u0047\"", BYTES("\xef\xbf\xbdG")},
	    {"\"\\ud83d\\ud83d\\ude00\"",
		BYTES("\xef\xbf\xbd\xf0\x9f\x98\x80")}};
	struct json_value v;
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		assert_true(json_parse(&v, slice_str(cases[i].text), NULL));
		json_unescape(&b, v.text);
		if (!slice_eq(buf_slice(&b), cases[i].said))
			fail_msg("case %zu: %s", i, cases[i].text);
	}
	buf_fini(&b);
}

static void
a_name_is_known_in_any_case_and_through_escapes(void **state)
{
	static const struct {
		const char *raw;
		bool is;
	} cases[] = {{"eventid", true}, {"eventId", true}, {"EVENTID", true},
	    {"\\u0065ventId", true}, {"\\u0045VENTID", true},
	    {"event\\u0049d", true}, {"", false}, {"event", false},
	    {"eventidx", false}, {"event\\u0131d", false},
	    {"event\\u0000id", false}, {"eventid\\u0000", false},
	    {"even\xc5\xa7id", false}, {"even\\tid", false},
	    {"eventi\\ud800", false}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		if (json_name_is(slice_str(cases[i].raw), "eventid") !=
		    cases[i].is)
			fail_msg("%s", cases[i].raw);
	assert_true(json_name_is(slice(NULL, 0), ""));
	assert_true(json_name_is(slice_str("\\u0024ACL"), "$acl"));
	assert_false(json_name_is(slice_str("["), "{"));
}

static void
what_a_string_says_is_compared_in_place(void **state)
{
	static const struct {
		const char *raw;
		struct slice said;
		bool is, is_in_any_case;
	} cases[] = {
	    {"$acl", BYTES("$acl"), true, true},
	    {"$ACL", BYTES("$acl"), false, true},
	    {"$acl", BYTES("$ac"), false, false},
	    {"$ac", BYTES("$acl"), false, false},
	    {"", BYTES(""), true, true},
	    {"", BYTES("x"), false, false},
	    {"x", BYTES(""), false, false},
	    {"\\u0024acl", BYTES("$acl"), true, true},
	    {"\\u0024a\\u0043l", BYTES("$acl"), false, true},
	    {"\\u0024acl", BYTES("$aclx"), false, false},
	    {"\\u0024aclx", BYTES("$acl"), false, false},
	    {"a\\u0000b", BYTES("a\0b"), true, true},
	    {"a\\u0000b", BYTES("a\0c"), false, false},
	    {"a", BYTES("a\0"), false, false},
	    {"\\u00e9\\u20ac", BYTES("\xc3\xa9\xe2\x82\xac"), true, true},
	    {"\\u00e9", BYTES("\xc3"), false, false},
	    {"\\u00e9", BYTES("\xc3\x89"), false, false},
	    {"\\ud83d\\ude00", BYTES("\xf0\x9f\x98\x80"), true, true},
	    {"\\ud83d", BYTES("\xef\xbf\xbd"), true, true},
	    {"\\n\\\\", BYTES("\n\\"), true, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		if (json_says(slice_str(cases[i].raw), cases[i].said) !=
		    cases[i].is)
			fail_msg("case %zu: %s", i, cases[i].raw);
		if (json_says_in_any_case(slice_str(cases[i].raw),
			cases[i].said) != cases[i].is_in_any_case)
			fail_msg("case %zu in any case", i);
	}
	assert_true(json_says(slice(NULL, 0), slice(NULL, 0)));
	assert_true(json_says_in_any_case(slice(NULL, 0), slice(NULL, 0)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_string_is_unescaped_to_utf8),
	    cmocka_unit_test(a_name_is_known_in_any_case_and_through_escapes),
	    cmocka_unit_test(what_a_string_says_is_compared_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
