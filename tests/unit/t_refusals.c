#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/refusals.h"
#include "store/log.h"

#define MANY_KINDS 100

static struct refusals *refusals;

static int
setup(void **state)
{
	(void)state;
	log_init("tester", LOG_LEVEL_ERROR);
	refusals = refusals_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	refusals_free(&refusals);
	refusals_free(&refusals);
	return 0;
}

static int
admitted(const char *told, int times)
{
	int n = 0;

	while (times-- > 0)
		n += refusals_admit(refusals, slice_str(told));
	return n;
}

/* A test may be stopped for longer than a period. */
static void
each_kind_has_its_own_lines(void **state)
{
	(void)state;
	assert_in_range(admitted("Busy.\n", 1000), REFUSALS_MOST, 999);
	assert_in_range(admitted("Not ready.\n", 1000), REFUSALS_MOST, 999);
	refusals_settle(refusals);
	assert_int_equal(admitted("", 1), 1);
}

static void
kinds_beyond_what_is_kept_share(void **state)
{
	char told[200];
	int i, n = 0;

	(void)state;
	for (i = 0; i < MANY_KINDS; i++) {
		snprintf(told, sizeof(told), "%d and more %0100d", i, 0);
		n += admitted(told, REFUSALS_MOST);
	}
	assert_in_range(
	    n, REFUSALS_MOST * 16, REFUSALS_MOST * (MANY_KINDS - 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_kind_has_its_own_lines),
	    TEST(kinds_beyond_what_is_kept_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
