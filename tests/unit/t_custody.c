#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/custody.h"
#include "store/log.h"
#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

/*
 * Two struct custody in one process are as good as two processes, except
 * where a process dies or is ended.
 */
#define GRACE_MS 50

static struct custody *
open_in(struct fixture *f)
{
	struct custody *c;

	assert_int_equal(custody_open(&c, f->dir), ERR_OK);
	return c;
}

/* An agent that has let the others in. */
static struct custody *
admitting_agent(struct fixture *f)
{
	struct custody *agent = open_in(f);

	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(custody_admit(agent), ERR_OK);
	return agent;
}

/* Children: each says 'r' when it is where it shall be. */
static int
claim_and_stay(struct child *self, void *arg)
{
	struct custody *c = open_in(arg);

	if (custody_claim(c) != ERR_OK)
		return 1;
	child_say(self, 'r');
	return child_hear(self);
}

static int
enter_and_stay(struct child *self, void *arg)
{
	struct custody *c = open_in(arg);

	if (custody_enter(c, "stayer") != ERR_OK)
		return 1;
	child_say(self, 'r');
	return child_hear(self);
}

static int
enter_and_leave(struct child *self, void *arg)
{
	struct custody *c = open_in(arg);

	if (custody_enter(c, "leaver") != ERR_OK)
		return 1;
	child_say(self, 'r');
	while (custody_vouched(c))
		custody_await_dismissal(c);
	custody_close(&c);
	return 7;
}

static int
admit_and_stay(struct child *self, void *arg)
{
	admitting_agent(arg);
	child_say(self, 'r');
	return child_hear(self);
}

static struct child
start_ready(child_f *body, struct fixture *f)
{
	struct child c = child_start(body, f);

	assert_int_equal(child_hear(&c), 'r');
	return c;
}

static void
only_one_agent_has_the_claim(void **state)
{
	struct custody *first = open_in(*state), *second = open_in(*state);

	assert_int_equal(custody_claim(first), ERR_OK);
	assert_int_equal(custody_claim(second), ERR_TAKEN);
	assert_true(custody_agent_alive(second));
	custody_close(&first);
	assert_false(custody_agent_alive(second));
	assert_int_equal(custody_claim(second), ERR_OK);
	custody_close(&second);
}

static void
a_claim_ends_with_the_process_that_holds_it(void **state)
{
	struct child other = start_ready(claim_and_stay, *state);
	struct custody *c = open_in(*state);

	assert_int_equal(custody_claim(c), ERR_TAKEN);
	child_kill(&other);
	assert_int_equal(custody_claim(c), ERR_OK);
	custody_close(&c);
}

static void
nobody_enters_without_an_agent(void **state)
{
	struct custody *worker = open_in(*state);

	assert_false(custody_vouched(worker));
	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	custody_close(&worker);
}

static void
nobody_enters_while_the_agent_recovers(void **state)
{
	struct custody *agent = open_in(*state), *worker = open_in(*state);

	assert_int_equal(custody_claim(agent), ERR_OK);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	assert_int_equal(custody_admit(agent), ERR_OK);
	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_refused_worker_leaves_no_trace(void **state)
{
	struct custody *agent = open_in(*state), *worker = open_in(*state);
	struct custody_member m;

	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	assert_int_equal(custody_members(agent, &m, 1), 0);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_worker_may_enter_again_after_it_left(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state);

	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_leave(worker);
	assert_int_equal(custody_casualties(agent), 0);
	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_worker_that_reports_trouble_counts_until_it_left(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state), *late = open_in(*state);

	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_report(worker);
	assert_int_equal(custody_casualties(agent), 1);
	assert_int_equal(custody_enter(late, "late"), ERR_UNAVAILABLE);
	custody_leave(worker);
	assert_int_equal(custody_casualties(agent), 0);
	custody_close(&late);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_dismissed_worker_is_not_vouched_for(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state);

	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	assert_true(custody_vouched(worker));
	custody_dismiss(agent);
	assert_false(custody_vouched(worker));
	/* Returns at once, then. */
	custody_await_dismissal(worker);
	custody_close(&worker);
	custody_close(&agent);
}

static void
nobody_enters_after_a_dismissal(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state);

	custody_dismiss(agent);
	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(custody_admit(agent), ERR_OK);
	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_death_inside_keeps_others_out_until_recovery(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state);
	struct child inside = start_ready(enter_and_stay, *state);

	assert_int_equal(custody_casualties(agent), 0);
	child_kill(&inside);
	assert_int_equal(custody_casualties(agent), 1);
	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	custody_dismiss(agent);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(custody_casualties(agent), 0);
	assert_int_equal(custody_admit(agent), ERR_OK);
	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
leaving_is_no_death(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct child inside = start_ready(enter_and_leave, *state);

	custody_dismiss(agent);
	assert_int_equal(child_end(&inside), 7);
	assert_int_equal(custody_casualties(agent), 0);
	custody_close(&agent);
}

static void
seizing_ends_who_does_not_leave(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct child inside = start_ready(enter_and_stay, *state);

	custody_dismiss(agent);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(child_end(&inside), -SIGKILL);
	assert_int_equal(custody_casualties(agent), 0);
	custody_close(&agent);
}

static void
a_new_agent_seizes_from_the_workers_of_the_last(void **state)
{
	struct child last = start_ready(admit_and_stay, *state);
	struct child inside = start_ready(enter_and_stay, *state);
	struct custody *agent = open_in(*state);

	child_kill(&last);
	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(child_end(&inside), -SIGKILL);
	custody_close(&agent);
}

static void
nobody_enters_a_seized_store_even_if_one_vouches(void **state)
{
	struct custody *agent = open_in(*state), *liar = open_in(*state);
	struct custody *worker = open_in(*state);
	struct custody_member m;

	assert_int_equal(custody_seize(agent, GRACE_MS), ERR_OK);
	assert_int_equal(custody_admit(liar), ERR_TAKEN);
	assert_true(custody_vouched(worker));
	assert_int_equal(custody_enter(worker, "w"), ERR_UNAVAILABLE);
	assert_int_equal(custody_members(agent, &m, 1), 0);
	custody_close(&worker);
	custody_close(&liar);
	custody_close(&agent);
}

static void
who_waits_for_dismissal_is_told_by_the_agents_death(void **state)
{
	struct child agent = start_ready(admit_and_stay, *state);
	struct child inside = start_ready(enter_and_leave, *state);

	child_kill(&agent);
	assert_int_equal(child_end(&inside), 7);
}

static void
members_are_listed_with_pid_and_program(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct child inside = start_ready(enter_and_stay, *state);
	struct custody *worker = open_in(*state);
	struct custody_member m[CUSTODY_SLOTS];

	assert_int_equal(custody_enter(worker, "tester"), ERR_OK);
	assert_int_equal(custody_members(agent, m, CUSTODY_SLOTS), 2);
	assert_int_equal(m[0].pid, inside.pid);
	assert_string_equal(m[0].program, "stayer");
	assert_true(m[0].alive && m[1].alive);
	assert_int_equal(m[1].pid, getpid());
	assert_string_equal(m[1].program, "tester");
	assert_true(m[1].since >= m[0].since);
	child_kill(&inside);
	assert_int_equal(custody_members(worker, m, CUSTODY_SLOTS), 2);
	assert_false(m[0].alive);
	assert_int_equal(custody_members(agent, m, 1), 1);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_long_name_of_a_program_is_cut(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *worker = open_in(*state);
	struct custody_member m;

	assert_int_equal(
	    custody_enter(worker, "a-program-with-a-very-long-name"), ERR_OK);
	assert_int_equal(custody_members(agent, &m, 1), 1);
	assert_string_equal(m.program, "a-program-with-a-very-l");
	custody_close(&worker);
	custody_close(&agent);
}

static void
no_more_enter_than_there_are_slots(void **state)
{
	struct custody *agent = admitting_agent(*state);
	struct custody *workers[CUSTODY_SLOTS + 1];
	size_t i;

	for (i = 0; i <= CUSTODY_SLOTS; i++)
		workers[i] = open_in(*state);
	for (i = 0; i < CUSTODY_SLOTS; i++)
		assert_int_equal(custody_enter(workers[i], "w"), ERR_OK);
	assert_int_equal(custody_enter(workers[i], "w"), ERR_BUSY);
	custody_leave(workers[3]);
	assert_int_equal(custody_enter(workers[i], "w"), ERR_OK);
	for (i = 0; i <= CUSTODY_SLOTS; i++)
		custody_close(&workers[i]);
	assert_int_equal(custody_casualties(agent), 0);
	custody_close(&agent);
}

static void
a_slot_of_rubbish_counts_as_free(void **state)
{
	struct fixture *f = *state;
	struct custody *agent = admitting_agent(f), *worker = open_in(f);
	char *path = xasprintf("%s/workers", f->dir);
	FILE *file = fopen(path, "r+e");

	assert_non_null(file);
	assert_int_equal(fputs("neither a mark nor a whole slot", file) < 0, 0);
	assert_int_equal(fclose(file), 0);
	free(path);
	assert_int_equal(custody_casualties(agent), 0);
	assert_int_equal(custody_enter(worker, "w"), ERR_OK);
	custody_close(&worker);
	custody_close(&agent);
}

static void
a_folder_that_is_not_there_is_refused(void **state)
{
	struct custody *c;

	(void)state;
	assert_int_equal(custody_open(&c, "/nowhere/at/all"), ERR_IO);
	assert_null(c);
}

static int
make_dir(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_init("test", LOG_LEVEL_ERROR);
	fixture_make_dir(f);
	*state = f;
	alarm(60); /* what waits for ever is a failure */
	return 0;
}

static int
remove_dir(void **state)
{
	fixture_remove_dir(*state);
	free(*state);
	return 0;
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(only_one_agent_has_the_claim),
	    IN_DIR(a_claim_ends_with_the_process_that_holds_it),
	    IN_DIR(nobody_enters_without_an_agent),
	    IN_DIR(nobody_enters_while_the_agent_recovers),
	    IN_DIR(a_refused_worker_leaves_no_trace),
	    IN_DIR(a_worker_may_enter_again_after_it_left),
	    IN_DIR(a_worker_that_reports_trouble_counts_until_it_left),
	    IN_DIR(a_dismissed_worker_is_not_vouched_for),
	    IN_DIR(nobody_enters_after_a_dismissal),
	    IN_DIR(a_death_inside_keeps_others_out_until_recovery),
	    IN_DIR(leaving_is_no_death),
	    IN_DIR(seizing_ends_who_does_not_leave),
	    IN_DIR(a_new_agent_seizes_from_the_workers_of_the_last),
	    IN_DIR(nobody_enters_a_seized_store_even_if_one_vouches),
	    IN_DIR(who_waits_for_dismissal_is_told_by_the_agents_death),
	    IN_DIR(members_are_listed_with_pid_and_program),
	    IN_DIR(a_long_name_of_a_program_is_cut),
	    IN_DIR(no_more_enter_than_there_are_slots),
	    IN_DIR(a_slot_of_rubbish_counts_as_free),
	    IN_DIR(a_folder_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
