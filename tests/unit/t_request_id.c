#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "fcgi/request_id.h"

static void
a_sane_one_is_taken_over(void **state)
{
	_Atomic uint64_t next = 1;
	char id[REQUEST_ID_SIZE], longest[REQUEST_ID_SIZE];

	(void)state;
	request_id_choose(id, slice_str("Az09-._"), &next);
	assert_string_equal(id, "Az09-._");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	request_id_choose(id, slice_str(longest), &next);
	assert_string_equal(id, longest);
	assert_int_equal(next, 1);
}

static void
any_other_is_replaced_by_one_of_its_own(void **state)
{
	static const struct slice wrong[] = {{NULL, 0}, {"", 0}, {"a b", 3},
	    {"a\nb", 3}, {"a\0b", 3}, {"\xc3\xa4", 2}, {"a=b", 3}};
	_Atomic uint64_t next = 0xabc;
	char id[REQUEST_ID_SIZE], too_long[REQUEST_ID_SIZE + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		request_id_choose(id, wrong[i], &next);
		assert_int_equal(strlen(id), 16);
		assert_int_equal(next, 0xabc + i + 1);
	}
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	next = 0x1f;
	request_id_choose(id, slice_str(too_long), &next);
	assert_string_equal(id, "000000000000001f");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sane_one_is_taken_over),
	    cmocka_unit_test(any_other_is_replaced_by_one_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
