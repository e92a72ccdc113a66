#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/address.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
addresses_of_both_kinds_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
	    {"127.0.0.1", "127.0.0.1"},
	    {"::ffff:127.0.0.1", "127.0.0.1"},
	    {"::1", "::1"},
	    {"[::1]", "::1"},
	    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	};
	char printed[ADDRESS_TEXT_SIZE];
	struct address a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_true(address_parse(&a, slice_str(cases[i].text)));
		address_print(printed, &a);
		assert_string_equal(printed, cases[i].printed);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {"", "[]", "localhost", "1.2.3",
	    "1.2.3.4.5", "1.2.3.256", "::1%lo", "127.0.0.1:80", "[::1]:80",
	    "fe80::1/64", " ::1", "[127.0.0.1",
	    "0000:0000:0000:0000:0000:ffff:255.255.255.2555"};
	struct address a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_false(address_parse(&a, slice_str(cases[i])));
	assert_false(address_parse(&a, slice("::1\0", 4)));
}

static struct address
address(const char *text)
{
	struct address a;

	assert_true(address_parse(&a, slice_str(text)));
	return a;
}

static void
a_list_has_what_is_in_it(void **state)
{
	struct address items[] = {address("10.0.0.1"), address("::1")};
	struct address_list list = {items, 2}, none = {NULL, 0};
	struct address a = address("::ffff:10.0.0.1"), b = address("10.0.0.2");

	(void)state;
	assert_true(address_is_in(&list, &a));
	assert_false(address_is_in(&list, &b));
	assert_false(address_is_in(&none, &a));
}

static void
a_party_has_half_of_an_ipv6_address_and_all_of_an_ipv4_one(void **state)
{
	struct address a = address("2001:db8:1:2:3:4:5:6");
	struct address network = address("2001:db8:1:2::");

	(void)state;
	a = address_network(&a);
	assert_memory_equal(&a, &network, sizeof(a));
	a = address("10.0.0.1");
	network = address_network(&a);
	assert_memory_equal(&a, &network, sizeof(a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_of_both_kinds_are_read_and_printed),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(a_list_has_what_is_in_it),
	    cmocka_unit_test(
		a_party_has_half_of_an_ipv6_address_and_all_of_an_ipv4_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
