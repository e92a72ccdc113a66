#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/tally.h"
#include "tests/unit/fixture_store.h"

static int
make_dir(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	fixture_make_dir(f);
	*state = f;
	return 0;
}

static int
remove_dir(void **state)
{
	fixture_remove_dir(*state);
	free(*state);
	return 0;
}

static struct tally *
open_in(struct fixture *f)
{
	struct tally *t;

	assert_int_equal(tally_open(&t, f->dir), ERR_OK);
	return t;
}

static uint64_t
appends(struct tally *t)
{
	struct tally_sums sums;

	tally_sum(t, &sums);
	return sums.counts[TALLY_APPENDS];
}

static struct tally_living
living(struct tally *t)
{
	struct tally_living l;

	tally_look(t, &l);
	return l;
}

static void
sums_are_of_all_and_stay(void **state)
{
	struct tally *a = open_in(*state), *b = open_in(*state);

	tally_add(a, TALLY_APPENDS, 2);
	tally_add(b, TALLY_APPENDS, 3);
	assert_int_equal(appends(a), 5);
	tally_close(&b);
	assert_int_equal(appends(a), 5);
	b = open_in(*state);
	tally_add(b, TALLY_APPENDS, 1);
	assert_int_equal(appends(a), 6);
	tally_close(&a);
	tally_close(&b);
	a = open_in(*state);
	assert_int_equal(appends(a), 6);
	tally_close(&a);
}

static void
live_and_be_killed(struct fixture *f)
{
	struct tally *t = open_in(f);

	tally_add(t, TALLY_APPENDS, 7);
	tally_move(t, TALLY_WAITING, 4);
	raise(SIGKILL);
}

static void
who_is_killed_waits_no_more_but_has_counted(void **state)
{
	struct tally *t = open_in(*state);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		live_and_be_killed(*state);
	tally_move(t, TALLY_WAITING, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(appends(t), 7);
	assert_int_equal(living(t).gauges[TALLY_WAITING], 1);
	assert_int_equal(living(t).npids, 1);
	assert_int_equal(living(t).pids[0], getpid());
	tally_close(&t);
}

static void
a_slot_that_is_taken_over_waits_for_nothing(void **state)
{
	struct tally *a = open_in(*state), *b;

	tally_move(a, TALLY_QUEUED, 9);
	tally_close(&a);
	b = open_in(*state);
	assert_int_equal(living(b).gauges[TALLY_QUEUED], 0);
	tally_close(&b);
}

static void
more_processes_than_slots_share_one(void **state)
{
	struct tally *all[TALLY_SLOTS + 3];
	size_t i;

	for (i = 0; i < TALLY_SLOTS + 3; i++) {
		all[i] = open_in(*state);
		tally_add(all[i], TALLY_APPENDS, 1);
	}
	assert_int_equal(appends(all[0]), TALLY_SLOTS + 3);
	assert_int_equal(living(all[0]).npids, 1); /* all are this one */
	for (i = 0; i < TALLY_SLOTS + 3; i++)
		tally_close(&all[i]);
}

static void
requests_and_times_are_sorted(void **state)
{
	struct tally *t = open_in(*state);
	struct tally_sums s;

	tally_request(t, TALLY_POST, 201);
	tally_request(t, TALLY_OTHER, 503);
	tally_request(t, TALLY_GET, 100); /* no answer has it */
	tally_request(t, TALLY_GET, 600);
	tally_time(t, TALLY_READ, 100);
	tally_time(t, TALLY_READ, 101);
	tally_time(t, TALLY_APPEND, UINT32_MAX);
	tally_sum(t, &s);
	assert_int_equal(s.requests[TALLY_POST][0], 1);
	assert_int_equal(s.requests[TALLY_OTHER][3], 1);
	assert_int_equal(s.requests[TALLY_GET][3], 0);
	assert_int_equal(s.buckets[TALLY_READ][0], 1);
	assert_int_equal(s.buckets[TALLY_READ][1], 1);
	assert_int_equal(s.timed_us[TALLY_READ], 201);
	assert_int_equal(s.buckets[TALLY_APPEND][TALLY_LIMITS], 1);
	tally_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		sums_are_of_all_and_stay, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		who_is_killed_waits_no_more_but_has_counted, make_dir,
		remove_dir),
	    cmocka_unit_test_setup_teardown(
		a_slot_that_is_taken_over_waits_for_nothing, make_dir,
		remove_dir),
	    cmocka_unit_test_setup_teardown(
		more_processes_than_slots_share_one, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		requests_and_times_are_sorted, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
