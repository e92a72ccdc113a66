#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/link.h"
#include "store/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
parse(const char *data, int64_t *number, struct slice *stream)
{
	struct event ev = {
	    .type = slice_str(LINK_TYPE), .data = slice_str(data)};

	return link_parse(&ev, number, stream);
}

static void
number_and_stream_are_read(void **state)
{
	static const struct {
		const char *data;
		int64_t number;
		const char *stream;
	} cases[] = {
	    {"0@a", 0, "a"},
	    {"17@order-42", 17, "order-42"},
	    {"007@a", 7, "a"},
	    {"1@who@where", 1, "who@where"},
	    {"1@@", 1, "@"},
	    {"1@$$meta", 1, "$$meta"},
	    {"9223372036854775807@a", INT64_MAX, "a"},
	};
	struct slice stream;
	int64_t number;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_true(parse(cases[i].data, &number, &stream));
		assert_int_equal(number, cases[i].number);
		assert_true(slice_is(stream, cases[i].stream));
	}
}

static void
data_that_names_nothing_is_no_link(void **state)
{
	static const char *const wrong[] = {"", "@", "@a", "1@", "1", "a@b",
	    "-1@a", "+1@a", " 1@a", "1 @a", "1.0@a", "0x1@a", "1@\n", "1@$$",
	    "9223372036854775808@a", "18446744073709551616@a",
	    "99999999999999999999@a", "1@\xff", "{\"a\":1}"};
	struct slice stream;
	int64_t number;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(parse(wrong[i], &number, &stream));
}

static void
too_long_a_name_is_no_link(void **state)
{
	char data[STREAM_MAX_NAME + 4];
	struct slice stream;
	int64_t number;

	(void)state;
	memset(data, 'n', sizeof(data));
	memcpy(data, "1@", 2);
	data[STREAM_MAX_NAME + 2] = '\0';
	assert_true(parse(data, &number, &stream));
	data[STREAM_MAX_NAME + 2] = 'n';
	data[STREAM_MAX_NAME + 3] = '\0';
	assert_false(parse(data, &number, &stream));
}

static void
only_the_type_makes_it_a_link(void **state)
{
	struct event ev = {.type = slice_str("$>x"), .data = slice_str("1@a")};
	struct slice stream;
	int64_t number;

	(void)state;
	assert_false(link_parse(&ev, &number, &stream));
	ev.type = slice_str("$");
	assert_false(link_parse(&ev, &number, &stream));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(number_and_stream_are_read),
	    cmocka_unit_test(data_that_names_nothing_is_no_link),
	    cmocka_unit_test(too_long_a_name_is_no_link),
	    cmocka_unit_test(only_the_type_makes_it_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
