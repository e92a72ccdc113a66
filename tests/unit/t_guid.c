#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/guid.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TEXT "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4"

static void
a_text_is_read_and_printed_as_it_was(void **state)
{
	char out[GUID_TEXT_LEN + 1];
	struct guid g;

	(void)state;
	assert_true(guid_parse(&g, slice_str(TEXT)));
	assert_int_equal(g.b[0], 0xfb);
	assert_int_equal(g.b[15], 0xe4);
	guid_print(out, &g);
	assert_string_equal(out, TEXT);
}

static void
other_forms_of_it_are_read_as_well(void **state)
{
	static const char *const forms[] = {
	    "FBF4A1A1-B4A3-4DFE-A01F-EC52C34E16E4",
	    "fbf4a1a1b4a34dfea01fec52c34e16e4",
	    "{fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4}",
	    "(fbf4a1a1-B4A3-4dfe-a01f-ec52c34e16e4)",
	};
	struct guid plain, g;
	size_t i;

	(void)state;
	assert_true(guid_parse(&plain, slice_str(TEXT)));
	for (i = 0; i < COUNT(forms); i++) {
		assert_true(guid_parse(&g, slice_str(forms[i])));
		assert_int_equal(guid_cmp(&g, &plain), 0);
	}
}

static void
anything_else_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "{}",
	    "x",
	    "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e",
	    "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e44",
	    "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16eg",
	    "fbf4a1a1+b4a3-4dfe-a01f-ec52c34e16e4",
	    "fbf4a1a1-b4a34-dfe-a01f-ec52c34e16e4",
	    "-bf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4",
	    "{fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4)",
	    "{fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4",
	    " fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4",
	    "{{fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16}}",
	};
	struct guid g = {{7}}, before = g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(guid_parse(&g, slice_str(wrong[i])));
	assert_false(guid_parse(&g, slice(TEXT "\0", GUID_TEXT_LEN + 1)));
	assert_false(guid_parse(&g, slice(NULL, 0)));
	assert_int_equal(guid_cmp(&g, &before), 0);
}

static void
zero_is_known(void **state)
{
	struct guid g;

	(void)state;
	assert_true(
	    guid_parse(&g, slice_str("00000000-0000-0000-0000-000000000000")));
	assert_true(guid_is_zero(&g));
	g.b[15] = 1;
	assert_false(guid_is_zero(&g));
}

static void
order_is_that_of_the_text(void **state)
{
	struct guid a = {{1, 2}}, b = {{1, 3}};

	(void)state;
	assert_true(guid_cmp(&a, &b) < 0);
	assert_true(guid_cmp(&b, &a) > 0);
}

static void
random_ones_differ_and_say_their_version(void **state)
{
	struct guid a, b;

	(void)state;
	guid_random(&a);
	guid_random(&b);
	assert_int_not_equal(guid_cmp(&a, &b), 0);
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
}

static void
a_name_has_always_the_same_one(void **state)
{
	char out[GUID_TEXT_LEN + 1];
	struct guid a, b, other;

	(void)state;
	guid_from_name(&a, slice_str("order-1"));
	guid_from_name(&b, slice_str("order-1"));
	guid_from_name(&other, slice_str("order-2"));
	assert_int_equal(guid_cmp(&a, &b), 0);
	assert_int_not_equal(guid_cmp(&a, &other), 0);
	assert_int_equal(a.b[6] >> 4, 5);
	/* In stores it must stay so. */
	guid_print(out, &a);
	assert_string_equal(out, "faaa895b-4bc5-5fed-b83b-7a9d8bce50fa");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_is_read_and_printed_as_it_was),
	    cmocka_unit_test(other_forms_of_it_are_read_as_well),
	    cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
	    cmocka_unit_test(zero_is_known),
	    cmocka_unit_test(order_is_that_of_the_text),
	    cmocka_unit_test(random_ones_differ_and_say_their_version),
	    cmocka_unit_test(a_name_has_always_the_same_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
