#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/clock.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
times_are_printed_in_utc_without_needless_zeros(void **state)
{
	static const struct {
		int64_t ticks;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {1, "1970-01-01T00:00:00.0000001Z"},
	    {10, "1970-01-01T00:00:00.000001Z"},
	    {5000000, "1970-01-01T00:00:00.5Z"},
	    {9999999, "1970-01-01T00:00:00.9999999Z"},
	    {13724928000000000, "2013-06-29T08:00:00Z"},
	    {13724928001000000, "2013-06-29T08:00:00.1Z"},
	    {9518184000000000, "2000-02-29T10:00:00Z"},
	    {-621355968000000000, "0001-01-01T00:00:00Z"},
	    {2534023007999999999, "9999-12-31T23:59:59.9999999Z"},
	};
	char out[CLOCK_TEXT_SIZE];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		n = clock_print(out, cases[i].ticks);
		assert_string_equal(out, cases[i].text);
		assert_int_equal(n, strlen(out));
	}
}

static void
any_number_of_ticks_fits(void **state)
{
	char out[CLOCK_TEXT_SIZE];

	(void)state;
	assert_true(clock_print(out, INT64_MAX) < CLOCK_TEXT_SIZE);
	assert_true(clock_print(out, INT64_MIN) < CLOCK_TEXT_SIZE);
}

static void
whole_times_come_back(void **state)
{
	static const char *const texts[] = {"1970-01-01T00:00:00.0000000Z",
	    "2000-02-29T10:00:00.0000001Z", "0001-01-01T00:00:00.0000000Z",
	    "9999-12-31T23:59:59.9999999Z", "2013-06-29T08:00:00.1000000Z"};
	static const char *const wrong[] = {"", "1970-01-01T00:00:00Z",
	    "1970-01-01T00:00:00.000000Z", "1970-01-01T24:00:00.0000000Z",
	    "1970-02-29T00:00:00.0000000Z", "1970-13-01T00:00:00.0000000Z",
	    "1970-01-01T00:00:00.0000000z", "1970-01-01 00:00:00.0000000Z",
	    "/970-01-01T00:00:00.0000000Z", "1970-01-01T00:00:00.0000000ZZ"};
	char out[CLOCK_TEXT_SIZE];
	int64_t ticks = 0;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		assert_true(clock_parse_whole(&ticks, slice_str(texts[i])));
		clock_print_whole(out, ticks);
		assert_string_equal(out, texts[i]);
	}
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(clock_parse_whole(&ticks, slice_str(wrong[i])));
}

static void
now_is_after_this_was_written(void **state)
{
	char out[CLOCK_TEXT_SIZE];

	(void)state;
	clock_print(out, clock_now_ticks());
	assert_true(strcmp(out, "2024-01-01T00:00:00Z") > 0);
}

static void
the_other_clock_never_goes_back(void **state)
{
	int64_t before = clock_mono_ms();

	(void)state;
	clock_sleep_ms(2);
	assert_true(clock_mono_ms() > before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_printed_in_utc_without_needless_zeros),
	    cmocka_unit_test(any_number_of_ticks_fits),
	    cmocka_unit_test(whole_times_come_back),
	    cmocka_unit_test(now_is_after_this_was_written),
	    cmocka_unit_test(the_other_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
