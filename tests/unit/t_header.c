#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/header.h"

#define UNTOUCHED 4711

typedef bool number_reader_f(struct slice, int64_t *);

static void
is_read(number_reader_f *read, const char *text, int64_t expected)
{
	int64_t v = UNTOUCHED;

	if (!read(slice_str(text), &v))
		fail_msg("\"%s\" is refused", text);
	assert_int_equal(v, expected);
}

static void
is_refused(number_reader_f *read, const char *text)
{
	int64_t v = UNTOUCHED;

	if (read(slice_str(text), &v))
		fail_msg("\"%s\" is taken", text);
	assert_int_equal(v, UNTOUCHED);
}

static void
trim_takes_spaces_and_tabs_off_both_ends(void **state)
{
	(void)state;
	assert_true(slice_is(header_trim(slice_str(" \t a b\t ")), "a b"));
	assert_true(slice_is(header_trim(slice_str(" \t ")), ""));
	assert_true(slice_is(header_trim(slice(NULL, 0)), ""));
	assert_true(slice_is(header_trim(slice_str("\na\n")), "\na\n"));
}

static void
words_are_compared_in_any_case_and_whole(void **state)
{
	(void)state;
	assert_true(header_is(slice_str("HtTpS"), "https"));
	assert_false(header_is(slice_str("http"), "https"));
	assert_false(header_is(slice_str("https"), "http"));
	assert_true(header_is(slice(NULL, 0), ""));
	assert_true(header_starts(slice_str("HTTP://x"), "http://"));
	assert_false(header_starts(slice_str("http:"), "http://"));
}

static void
an_integer_may_have_blanks_and_a_sign(void **state)
{
	(void)state;
	is_read(header_int64, "0", 0);
	is_read(header_int64, " \t-12\t ", -12);
	is_read(header_int64, "+7", 7);
	is_read(header_int64, "-0", 0);
	is_read(header_int64, "007", 7);
}

static void
an_integer_may_be_as_large_as_int64(void **state)
{
	(void)state;
	is_read(header_int64, "9223372036854775807", INT64_MAX);
	is_read(header_int64, "-9223372036854775808", INT64_MIN);
	is_refused(header_int64, "9223372036854775808");
	is_refused(header_int64, "-9223372036854775809");
	is_refused(header_int64, "18446744073709551616");
	is_refused(header_int64, "99999999999999999999999999999999");
}

static void
what_is_no_integer_is_refused(void **state)
{
	static const char *const texts[] = {"", " ", "+", "-", "--1", "+-1",
	    "- 1", "1 2", "1.0", "1e3", "0x10", "1,000", "one", "1\n",
	    "\xd9\xa1"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		is_refused(header_int64, texts[i]);
}

static void
a_number_stops_where_its_slice_stops(void **state)
{
	int64_t v = UNTOUCHED;

	(void)state;
	assert_true(header_int64(slice("1234", 2), &v));
	assert_int_equal(v, 12);
	assert_false(header_int64(slice("1\0002", 3), &v));
	assert_false(header_number(slice(NULL, 0), &v));
	assert_int_equal(v, 12);
}

static void
a_boolean_is_true_or_false_in_any_case(void **state)
{
	bool b = false;

	(void)state;
	assert_true(header_bool(slice_str("True"), &b));
	assert_true(b);
	assert_true(header_bool(slice_str(" FALSE "), &b));
	assert_false(b);
	assert_true(header_bool(slice_str("tRUE"), &b));
	assert_true(b);
}

static void
other_words_are_no_boolean(void **state)
{
	static const char *const texts[] = {
	    "", "1", "0", "yes", "no", "on", "truer", "tru", "true,true"};
	bool b = true;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (header_bool(slice_str(texts[i]), &b))
			fail_msg("\"%s\" is taken", texts[i]);
	assert_true(b);
}

static void
an_expected_version_is_at_least_minus_four(void **state)
{
	(void)state;
	is_read(header_version, "-4", -4);
	is_read(header_version, " -2 ", -2);
	is_read(header_version, "9223372036854775807", INT64_MAX);
	is_refused(header_version, "-5");
	is_refused(header_version, "-9223372036854775808");
	is_refused(header_version, "any");
}

static void
seconds_are_above_zero(void **state)
{
	(void)state;
	is_read(header_seconds, "1", 1);
	is_read(header_seconds, " 86400", 86400);
	is_refused(header_seconds, "0");
	is_refused(header_seconds, "-1");
	is_refused(header_seconds, "1.5");
	is_refused(header_seconds, "");
}

static void
a_path_number_is_digits_only(void **state)
{
	(void)state;
	is_read(header_number, "0", 0);
	is_read(header_number, "9223372036854775807", INT64_MAX);
	is_refused(header_number, "9223372036854775808");
	is_refused(header_number, "");
	is_refused(header_number, " 1");
	is_refused(header_number, "1 ");
	is_refused(header_number, "+1");
	is_refused(header_number, "-1");
	is_refused(header_number, "head");
}

static void
a_count_is_a_path_number_above_zero(void **state)
{
	(void)state;
	is_read(header_positive, "1", 1);
	is_read(header_positive, "0020", 20);
	is_refused(header_positive, "0");
	is_refused(header_positive, "00");
	is_refused(header_positive, "-1");
	is_refused(header_positive, " 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(trim_takes_spaces_and_tabs_off_both_ends),
	    cmocka_unit_test(words_are_compared_in_any_case_and_whole),
	    cmocka_unit_test(an_integer_may_have_blanks_and_a_sign),
	    cmocka_unit_test(an_integer_may_be_as_large_as_int64),
	    cmocka_unit_test(what_is_no_integer_is_refused),
	    cmocka_unit_test(a_number_stops_where_its_slice_stops),
	    cmocka_unit_test(a_boolean_is_true_or_false_in_any_case),
	    cmocka_unit_test(other_words_are_no_boolean),
	    cmocka_unit_test(an_expected_version_is_at_least_minus_four),
	    cmocka_unit_test(seconds_are_above_zero),
	    cmocka_unit_test(a_path_number_is_digits_only),
	    cmocka_unit_test(a_count_is_a_path_number_above_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
