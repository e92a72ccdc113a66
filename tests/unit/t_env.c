#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/env.h"
#include "store/env_log.h"
#include "tests/unit/fixture_store.h"

#define CACHE_BYTES (16u << 20)

/* In place of the C library's. */
int remove(const char *path);

static int remove_error; /* of the next one */

int
remove(const char *path)
{
	if (remove_error == 0)
		return unlink(path);
	errno = remove_error;
	remove_error = 0;
	return -1;
}

/* What is kept of an abandoned environment, see env_abandon(). */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:env_open\nleak:libdb-5.3\n";
}

static enum err
reopen(struct fixture *f, bool recover)
{
	struct env_options o = {
	    .dir = f->dir, .cache_bytes = CACHE_BYTES, .recover = recover};

	return env_open(&f->env, &o);
}

static void
post(struct fixture *f, const char *ids)
{
	assert_int_equal(fixture_post(f, "s", EXPECT_ANY, ids).outcome, ERR_OK);
}

static void
an_environment_that_was_never_made_cannot_be_joined(void **state)
{
	struct fixture f = {.env = NULL};

	(void)state;
	fixture_make_dir(&f);
	assert_int_not_equal(reopen(&f, false), ERR_OK);
	assert_null(f.env);
	fixture_remove_dir(&f);
}

static void
what_was_written_is_there_after_closing(void **state)
{
	struct fixture *f = *state;

	post(f, "abc");
	env_close(&f->env);
	assert_null(f->env);
	assert_int_equal(reopen(f, true), ERR_OK);
	assert_string_equal(fixture_ids(f, "s"), "abc");
}

static void
an_environment_that_is_there_can_be_joined(void **state)
{
	struct fixture *f = *state;

	post(f, "abc");
	env_close(&f->env);
	assert_int_equal(reopen(f, false), ERR_OK);
	post(f, "d");
	assert_string_equal(fixture_ids(f, "s"), "abcd");
}

static void
after_a_panic_every_call_asks_for_recovery(void **state)
{
	struct fixture *f = *state;

	post(f, "abc");
	assert_false(env_panicked(f->env));
	env_panic(f->env);
	assert_true(env_panicked(f->env));
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_ANY, "d").outcome, ERR_RECOVERY);
	assert_int_equal(env_checkpoint(f->env, 0), ERR_RECOVERY);
	env_abandon(&f->env);
	assert_null(f->env);
	assert_int_equal(reopen(f, false), ERR_RECOVERY);
	assert_int_equal(reopen(f, true), ERR_OK);
	assert_string_equal(fixture_ids(f, "s"), "abc");
	assert_int_equal(fixture_faults(f), 0);
}

static void
the_library_tells_that_the_node_was_put_out(void **state)
{
	struct fixture *f = *state;
	DB_ENV *h = env_handle(f->env);

	h->db_event_func(h, DB_EVENT_REP_MASTER, NULL);
	assert_false(env_is_out(f->env));
	h->db_event_func(h, DB_EVENT_REP_LOCAL_SITE_REMOVED, NULL);
	assert_true(env_is_out(f->env));
}

static void
a_checkpoint_lets_old_logs_go(void **state)
{
	struct fixture *f = *state;
	struct env_log_need nobody = {.from_file = UINT32_MAX};
	struct env_log_need all = {.keep_bytes = UINT64_MAX};
	unsigned int removed;
	int i;

	/* More than one file of the log can take. */
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    fixture_fill(f, "big", 1, 16u << 20).outcome, ERR_OK);
	assert_int_equal(env_checkpoint(f->env, 0), ERR_OK);
	assert_int_equal(env_remove_logs(f->env, &all, &removed), ERR_OK);
	assert_int_equal(removed, 0);
	assert_int_equal(env_remove_logs(f->env, &nobody, &removed), ERR_OK);
	assert_true(removed > 0);
	assert_int_equal(env_remove_logs(f->env, &nobody, &removed), ERR_OK);
	assert_int_equal(removed, 0);
	env_close(&f->env);
	assert_int_equal(reopen(f, true), ERR_OK);
	assert_int_equal(fixture_end(f), 3);
	assert_int_equal(fixture_faults(f), 0);
}

static void
a_log_that_cannot_be_removed_is_removed_later(void **state)
{
	struct fixture *f = *state;
	struct env_log_need nobody = {.from_file = UINT32_MAX};
	unsigned int removed;
	int i;

	/* More than two files of the log can take. */
	for (i = 0; i < 5; i++)
		assert_int_equal(
		    fixture_fill(f, "big", 1, 16u << 20).outcome, ERR_OK);
	assert_int_equal(env_checkpoint(f->env, 0), ERR_OK);
	remove_error = EIO;
	assert_int_equal(env_remove_logs(f->env, &nobody, &removed), ERR_OK);
	assert_int_equal(remove_error, 0);
	assert_int_equal(removed, 0);
	assert_int_equal(env_remove_logs(f->env, &nobody, &removed), ERR_OK);
	assert_true(removed >= 2);
}

static void
the_librarys_errors_become_ours(void **state)
{
	static const struct {
		int db_error;
		enum err e;
	} cases[] = {{0, ERR_OK}, {DB_NOTFOUND, ERR_NO_EVENT},
	    {DB_KEYEXIST, ERR_TAKEN}, {DB_LOCK_DEADLOCK, ERR_DEADLOCK},
	    {DB_LOCK_NOTGRANTED, ERR_DEADLOCK}, {DB_RUNRECOVERY, ERR_RECOVERY},
	    {ENOSPC, ERR_DISK_FULL}, {EDQUOT, ERR_DISK_FULL},
	    {ENOMEM, ERR_NO_MEMORY}, {EIO, ERR_IO}, {EINVAL, ERR_IO}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(env_err(cases[i].db_error), cases[i].e);
}

static void
a_fault_comes_once_and_when_it_was_asked_for(void **state)
{
	struct fixture *f = *state;

	env_set_fault(f->env, 2, EIO);
	assert_int_equal(env_fault(f->env), 0);
	assert_int_equal(env_fault(f->env), EIO);
	assert_int_equal(env_fault(f->env), 0);
	env_set_fault(f->env, 1, EIO);
	env_set_fault(f->env, 0, 0);
	assert_int_equal(env_fault(f->env), 0);
}

#define IN_ENV(test)                     \
	cmocka_unit_test_setup_teardown( \
	    test, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_environment_that_was_never_made_cannot_be_joined),
	    IN_ENV(what_was_written_is_there_after_closing),
	    IN_ENV(an_environment_that_is_there_can_be_joined),
	    IN_ENV(after_a_panic_every_call_asks_for_recovery),
	    IN_ENV(the_library_tells_that_the_node_was_put_out),
	    IN_ENV(a_checkpoint_lets_old_logs_go),
	    IN_ENV(a_log_that_cannot_be_removed_is_removed_later),
	    IN_ENV(a_fault_comes_once_and_when_it_was_asked_for),
	    cmocka_unit_test(the_librarys_errors_become_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
