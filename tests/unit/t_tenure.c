/* How long a master may believe in itself. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cluster-agent/tenure.h"

#define LEASE 300

/* A cluster of n nodes, of which this is the first. */
static struct tenure
begin(size_t n)
{
	struct conf_cluster conf = {.nnodes = n, .self = 0};
	struct tenure t;

	tenure_begin(&t, &conf, LEASE);
	return t;
}

static void
nobody_believes_who_has_heard_of_no_other(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	assert_true(tenure_until(&t, 1000) == TENURE_NEVER);
	assert_false(tenure_may_begin(&t, 1000));
}

static void
a_cluster_of_one_needs_nobody(void **state)
{
	struct tenure t = begin(1);

	(void)state;
	assert_true(tenure_until(&t, 1000) == 1000 + LEASE);
	assert_true(tenure_may_begin(&t, 1000));
}

static void
belief_counts_from_the_question_not_from_the_answer(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1250);
	assert_true(tenure_until(&t, 1250) == 1000 + LEASE);
}

static void
a_new_master_waits_until_an_old_one_cannot_believe(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1010);
	assert_false(tenure_may_begin(&t, 1010));
	tenure_confirm(&t, 1, 1200, 1210);
	assert_false(tenure_may_begin(&t, 1010 + LEASE - 1));
	assert_true(tenure_may_begin(&t, 1010 + LEASE));
}

static void
nothing_is_waited_for_when_all_others_follow(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1010);
	tenure_confirm(&t, 2, 1005, 1020);
	assert_true(tenure_may_begin(&t, 1020));
}

static void
nothing_is_waited_for_when_the_rest_is_gone(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_gone(&t, 2);
	assert_false(tenure_may_begin(&t, 1000));
	tenure_confirm(&t, 1, 1000, 1010);
	assert_true(tenure_may_begin(&t, 1010));
}

static void
all_gone_is_no_majority(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_gone(&t, 1);
	tenure_gone(&t, 2);
	assert_false(tenure_may_begin(&t, 1000));
}

static void
a_lost_connection_ends_belief_at_once(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1010);
	tenure_lose(&t, 1);
	assert_true(tenure_until(&t, 1020) == TENURE_NEVER);
	/* The other one still follows. */
	tenure_confirm(&t, 1, 1030, 1040);
	tenure_confirm(&t, 2, 1035, 1040);
	tenure_lose(&t, 1);
	assert_true(tenure_until(&t, 1050) == 1035 + LEASE);
}

static void
of_five_two_others_must_have_said_yes(void **state)
{
	struct tenure t = begin(5);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1010);
	assert_true(tenure_until(&t, 1010) == TENURE_NEVER);
	tenure_confirm(&t, 2, 900, 1020);
	assert_true(tenure_until(&t, 1020) == 900 + LEASE);
	tenure_confirm(&t, 3, 1010, 1030);
	assert_true(tenure_until(&t, 1030) == 1000 + LEASE);
}

/* With an even number, half of the nodes is not enough. */
static void
of_four_two_others_must_have_said_yes(void **state)
{
	struct tenure t = begin(4);

	(void)state;
	tenure_confirm(&t, 1, 1000, 1010);
	assert_true(tenure_until(&t, 1010) == TENURE_NEVER);
	tenure_confirm(&t, 2, 1000, 1010);
	assert_true(tenure_until(&t, 1010) == 1000 + LEASE);
}

static void
an_answer_that_is_late_takes_nothing_back(void **state)
{
	struct tenure t = begin(3);

	(void)state;
	tenure_confirm(&t, 1, 1100, 1110);
	tenure_confirm(&t, 1, 1000, 1120);
	assert_true(tenure_until(&t, 1120) == 1100 + LEASE);
}

/*
 * An old master and a new one with a node in common, which turns to the new
 * one right after its last yes to the old one: there is no moment at which
 * both believe in themselves, however the answers travel.
 */
static void
two_masters_never_believe_at_once(void **state)
{
	int64_t travel, turned = 1000, old_until, now;
	struct conf_cluster conf = {.nnodes = 3, .self = 2};
	struct tenure old, new;

	(void)state;
	for (travel = 0; travel < 2 * LEASE; travel += 7) {
		old = begin(3);
		/* Asked at the latest moment at which it still said yes. */
		tenure_confirm(&old, 1, turned - travel, turned + travel);
		old_until = tenure_until(&old, turned + travel);
		tenure_begin(&new, &conf, LEASE);
		for (now = turned + 1; !tenure_may_begin(&new, now); now++)
			tenure_confirm(&new, 1, now, now);
		assert_true(now >= old_until);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_believes_who_has_heard_of_no_other),
	    cmocka_unit_test(a_cluster_of_one_needs_nobody),
	    cmocka_unit_test(
		belief_counts_from_the_question_not_from_the_answer),
	    cmocka_unit_test(
		a_new_master_waits_until_an_old_one_cannot_believe),
	    cmocka_unit_test(nothing_is_waited_for_when_all_others_follow),
	    cmocka_unit_test(nothing_is_waited_for_when_the_rest_is_gone),
	    cmocka_unit_test(all_gone_is_no_majority),
	    cmocka_unit_test(a_lost_connection_ends_belief_at_once),
	    cmocka_unit_test(of_five_two_others_must_have_said_yes),
	    cmocka_unit_test(of_four_two_others_must_have_said_yes),
	    cmocka_unit_test(an_answer_that_is_late_takes_nothing_back),
	    cmocka_unit_test(two_masters_never_believe_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
