#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LENGTH  "A stream's name must have 1 to 1000 bytes."
#define CONTROL "A stream's name must not have control characters."
#define UTF8    "A stream's name must be UTF-8."

static void
names_of_all_kinds_are_taken(void **state)
{
	static const char *const names[] = {"a", "order-42", "$", "$all", "$$a",
	    "$$$settings", "$$$$a", "a b", "a/b?c#d%e", "\xd0\x96", "@", "1@2"};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		assert_true(name_check(slice_str(names[i]), &why));
}

static void
names_that_cannot_be_are_refused_with_a_reason(void **state)
{
	static const struct {
		struct slice name;
		const char *why;
	} cases[] = {
	    {{"", 0}, LENGTH},
	    {{"$$", 2}, LENGTH},
	    {{"a\nb", 3}, CONTROL},
	    {{"a\0b", 3}, CONTROL},
	    {{"\x7f", 1}, CONTROL},
	    {{"$$\x1f", 3}, CONTROL},
	    {{"\xff", 1}, UTF8},
	    {{"a\xc3", 2}, UTF8},
	    {{"\xc0\xaf", 2}, UTF8},
	    {{"\xed\xa0\x80", 3}, UTF8},
	};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_false(name_check(cases[i].name, &why));
		assert_string_equal(why, cases[i].why);
	}
}

static void
a_metastream_may_have_two_bytes_more(void **state)
{
	char name[STREAM_MAX_META_NAME + 1];
	const char *why;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_true(name_check(slice(name, STREAM_MAX_NAME), &why));
	assert_false(name_check(slice(name, STREAM_MAX_NAME + 1), &why));
	memcpy(name, "$$", 2);
	assert_true(name_check(slice(name, STREAM_MAX_META_NAME), &why));
	assert_false(name_check(slice(name, STREAM_MAX_META_NAME + 1), &why));
	assert_string_equal(why, LENGTH);
}

static void
system_streams_and_metastreams_are_told_apart(void **state)
{
	(void)state;
	assert_false(name_is_system(slice_str("a$")));
	assert_true(name_is_system(slice_str("$a")));
	assert_true(name_is_system(slice_str("$$a")));
	assert_false(name_is_meta(slice_str("$a")));
	assert_true(name_is_meta(slice_str("$$a")));
	assert_false(name_is_meta(slice(NULL, 0)));
}

static void
a_name_leads_to_its_metastream_and_back(void **state)
{
	char out[STREAM_MAX_META_NAME];
	struct slice meta = name_meta(out, slice_str("order-42"));

	(void)state;
	assert_true(slice_is(meta, "$$order-42"));
	assert_true(slice_is(name_base(meta), "order-42"));
	assert_true(slice_is(name_base(slice_str("$$$a")), "$a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_all_kinds_are_taken),
	    cmocka_unit_test(names_that_cannot_be_are_refused_with_a_reason),
	    cmocka_unit_test(a_metastream_may_have_two_bytes_more),
	    cmocka_unit_test(system_streams_and_metastreams_are_told_apart),
	    cmocka_unit_test(a_name_leads_to_its_metastream_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
