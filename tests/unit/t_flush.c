#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/env.h"
#include "store/flush.h"
#include "store/tbl_streams.h"
#include "tests/unit/fixture_store.h"

/* In place of the C library's, also for Berkeley DB. */
int fdatasync(int fd);
ssize_t pwrite(int fd, const void *p, size_t n, off_t offset);
ssize_t write(int fd, const void *p, size_t n);

static int flush_error;      /* of the next flush */
static int write_error;      /* of all writes from now on */
static unsigned int flushes; /* so far */

int
fdatasync(int fd)
{
	flushes++;
	if (flush_error == 0)
		return (int)syscall(SYS_fdatasync, fd);
	errno = flush_error;
	flush_error = 0;
	return -1;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t offset)
{
	if (write_error == 0)
		return syscall(SYS_pwrite64, fd, p, n, offset);
	errno = write_error;
	return -1;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (write_error == 0 || fd <= STDERR_FILENO)
		return syscall(SYS_write, fd, p, n);
	errno = write_error;
	return -1;
}

static void
recover(struct fixture *f)
{
	flush_error = write_error = 0;
	env_abandon(&f->env);
	assert_int_equal(fixture_env_open(f), ERR_OK);
}

/* What is there is whole, and it can be written to. */
static void
check_usable(struct fixture *f)
{
	struct append a = fixture_post(f, "after", EXPECT_ANY, "z");

	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(fixture_faults(f), 0);
}

static void
a_failed_flush_is_the_last(void **state)
{
	struct fixture *f = *state;

	fixture_post(f, "s", EXPECT_ANY, "a");
	flush_error = EIO;
	fixture_post(f, "s", EXPECT_ANY, "b");
	assert_int_equal(f->failure, ERR_RECOVERY);
	assert_true(env_panicked(f->env));
	assert_false(env_is_sound(f->env));
	/* The next would succeed, on a log that may have a hole. */
	fixture_post(f, "s", EXPECT_ANY, "c");
	assert_int_equal(f->failure, ERR_RECOVERY);
	recover(f);
	assert_int_equal(fixture_ids(f, "s")[0], 'a');
	check_usable(f);
}

static void
an_interrupted_flush_is_repeated(void **state)
{
	struct fixture *f = *state;

	flush_error = EINTR;
	fixture_post(f, "i", EXPECT_ANY, "a");
	assert_int_equal(f->failure, ERR_OK);
	assert_true(env_is_sound(f->env));
	check_usable(f);
}

static void
a_failed_flush_of_a_table_ends_the_checkpoint(void **state)
{
	struct fixture *f = *state;

	fixture_post(f, "t", EXPECT_ANY, "abc");
	flush_error = ENOSPC;
	assert_int_not_equal(env_checkpoint(f->env, 0), ERR_OK);
	assert_false(env_is_sound(f->env));
	recover(f);
	assert_string_equal(fixture_ids(f, "t"), "abc");
	check_usable(f);
}

static void
logs_are_flushed_before_recovery(void **state)
{
	struct fixture *f = *state;
	unsigned int before;

	fixture_post(f, "l", EXPECT_ANY, "a");
	env_panic(f->env);
	env_abandon(&f->env);
	before = flushes;
	assert_int_equal(flush_logs(f->dir), 0);
	assert_int_equal(flushes, before + 1);
	flush_error = EIO;
	assert_int_equal(flush_logs(f->dir), EIO);
	assert_int_equal(fixture_env_open(f), ERR_OK);
	check_usable(f);
}

struct late {
	struct fixture *f;
	int error;
};

/* Write, have all of it flushed, and find the disk failing at the commit. */
static enum err
write_late(struct txn *tx, void *arg)
{
	struct late *l = arg;
	struct stream_record s = {.id = 77, .last = -1};
	DB_ENV *h = env_handle(tx->env);
	enum err e = tbl_streams_put(tx, slice_str("late"), &s);

	if (e == ERR_OK && h->log_flush(h, NULL) != 0)
		e = ERR_IO;
	write_error = l->error;
	return e;
}

static enum err
look_late(struct txn *tx, void *arg)
{
	struct stream_record s;

	(void)arg;
	return tbl_streams_get(tx, slice_str("late"), &s);
}

/* The record of the commit then stands first in the library's buffer. */
static void
a_failed_commit_is_void(void **state)
{
	struct fixture *f = *state;
	static const int errors[] = {ENOSPC, EIO};
	struct late l = {.f = f};
	size_t i;

	for (i = 0; i < COUNT(errors); i++) {
		l.error = errors[i];
		assert_int_equal(
		    fixture_run(f, TXN_WRITE, write_late, &l), ERR_RECOVERY);
		recover(f);
		assert_int_equal(
		    fixture_run(f, TXN_READ, look_late, NULL), ERR_NO_STREAM);
		check_usable(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failed_flush_is_the_last),
	    cmocka_unit_test(an_interrupted_flush_is_repeated),
	    cmocka_unit_test(a_failed_flush_of_a_table_ends_the_checkpoint),
	    cmocka_unit_test(logs_are_flushed_before_recovery),
	    cmocka_unit_test(a_failed_commit_is_void),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup_sync, fixture_env_teardown);
}
