#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/throttle.h"
#include "store/log.h"

#define MINUTE 60000

static struct throttle *throttle;
static int64_t now;

static int
setup(void **state)
{
	(void)state;
	throttle = throttle_new();
	now = 1000000;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	throttle_free(&throttle);
	return 0;
}

static struct attempt
attempt(const char *from, const char *login)
{
	struct attempt a = {.login = slice_str(login), .now = now};

	assert_true(address_parse(&a.from, slice_str(from)));
	return a;
}

static int64_t
wait_of(const char *from, const char *login)
{
	struct attempt a = attempt(from, login);

	return throttle_wait(throttle, &a);
}

static void
guess_wrong(const char *from, const char *login, int times)
{
	struct attempt a = attempt(from, login);

	while (times-- > 0)
		throttle_failed(throttle, &a);
}

static void
the_first_failures_are_free_and_then_each_costs_twice_as_much(void **state)
{
	int64_t expected = THROTTLE_FIRST_MS;
	int i;

	(void)state;
	assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
	guess_wrong("10.0.0.1", "ann", THROTTLE_FREE_PAIR);
	assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
	for (i = 0; i < 12; i++) {
		guess_wrong("10.0.0.1", "ann", 1);
		assert_int_equal(wait_of("10.0.0.1", "ann"), expected);
		now += expected - 1;
		assert_int_equal(wait_of("10.0.0.1", "ann"), 1);
		now += 1;
		assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
		expected *= 2;
		if (expected > THROTTLE_MOST_MS)
			expected = THROTTLE_MOST_MS;
	}
}

static void
the_owner_is_let_in_from_elsewhere(void **state)
{
	char from[20];
	int i;

	(void)state;
	/* So few that the throttle never has to forget one of them. */
	for (i = 0; i < 100; i++) {
		snprintf(from, sizeof(from), "10.0.0.%d", i);
		guess_wrong(from, "ann", 3);
	}
	assert_int_equal(wait_of("192.0.2.1", "ann"), 0);
	/* They wait although each has some free failures left. */
	assert_true(wait_of("10.0.0.50", "ann") > 0);
	assert_int_equal(wait_of("10.0.0.50", "bob"), 0);
	guess_wrong("192.0.2.1", "ann", 1);
	assert_true(wait_of("192.0.2.1", "ann") > 0);
}

static void
an_address_that_tries_many_logins_waits_with_all(void **state)
{
	char login[20];
	int i;

	(void)state;
	for (i = 0; i <= THROTTLE_FREE_ADDRESS; i++) {
		assert_int_equal(wait_of("10.0.0.1", "new"), 0);
		snprintf(login, sizeof(login), "user%d", i);
		guess_wrong("10.0.0.1", login, 1);
	}
	assert_int_equal(wait_of("10.0.0.1", "new"), THROTTLE_FIRST_MS);
	assert_int_equal(wait_of("10.0.0.2", "new"), 0);
}

static void
a_party_with_many_ipv6_addresses_is_one(void **state)
{
	(void)state;
	guess_wrong("2001:db8::1", "ann", 3);
	guess_wrong("2001:db8::2", "ann", 3);
	assert_true(wait_of("2001:db8::3", "ann") > 0);
	assert_int_equal(wait_of("2001:db8:0:1::1", "ann"), 0);
}

static void
a_right_password_makes_good_for_its_login_alone(void **state)
{
	struct attempt a = attempt("10.0.0.1", "ann");

	(void)state;
	guess_wrong("10.0.0.1", "ann", THROTTLE_FREE_PAIR + 3);
	guess_wrong("10.0.0.1", "bob", THROTTLE_FREE_PAIR + 3);
	throttle_passed(throttle, &a);
	assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
	assert_true(wait_of("10.0.0.1", "bob") > 0);
}

static void
time_makes_good(void **state)
{
	(void)state;
	guess_wrong("10.0.0.1", "ann", 8 * THROTTLE_FREE_PAIR);
	now += 30 * MINUTE;
	assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
	/* Five are left of forty. */
	guess_wrong("10.0.0.1", "ann", 1);
	assert_int_equal(wait_of("10.0.0.1", "ann"), THROTTLE_FIRST_MS);
	now += 1000 * MINUTE;
	guess_wrong("10.0.0.1", "ann", THROTTLE_FREE_PAIR);
	assert_int_equal(wait_of("10.0.0.1", "ann"), 0);
}

/* As from behind a proxy that nobody has listed. */
static void
an_address_with_many_owners_may_fail_now_and_then(void **state)
{
	char login[20];
	int i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(login, sizeof(login), "user%d", i);
		guess_wrong("10.0.0.1", login, 1);
		now += 1000;
		assert_int_equal(wait_of("10.0.0.1", "new"), 0);
	}
}

static void
what_counts_most_is_remembered_longest(void **state)
{
	char from[20];
	int i;

	(void)state;
	guess_wrong("10.0.0.1", "ann", 30);
	for (i = 0; i < 20000; i++) {
		snprintf(from, sizeof(from), "10.1.%d.%d", i / 250, i % 250);
		guess_wrong(from, "bob", 1);
	}
	assert_int_equal(wait_of("10.0.0.1", "ann"), THROTTLE_MOST_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_failures_are_free_and_then_each_costs_twice_as_much),
	    TEST(the_owner_is_let_in_from_elsewhere),
	    TEST(an_address_that_tries_many_logins_waits_with_all),
	    TEST(a_party_with_many_ipv6_addresses_is_one),
	    TEST(a_right_password_makes_good_for_its_login_alone),
	    TEST(time_makes_good),
	    TEST(an_address_with_many_owners_may_fail_now_and_then),
	    TEST(what_counts_most_is_remembered_longest),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
