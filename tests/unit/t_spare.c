#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/alloc.h"
#include "store/env.h"
#include "store/env_log.h"
#include "store/spare.h"
#include "tests/unit/fixture_store.h"

#define LARGE_BYTES ((size_t)1 << 20)
#define SOME_EVENTS 9  /* fill a quarter of a log file, and not half of it */
#define MANY_EVENTS 26 /* and the rest of it */

/* In place of the C library's. */
int fsync(int fd);
ssize_t write(int fd, const void *p, size_t n);

static int sync_error;   /* of the next flush of a folder */
static int write_error;  /* of the next write */
static size_t write_max; /* so much is written at once; 0: all */

int
fsync(int fd)
{
	if (sync_error == 0)
		return (int)syscall(SYS_fsync, fd);
	errno = sync_error;
	sync_error = 0;
	return -1;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (write_error != 0 && fd > STDERR_FILENO) {
		errno = write_error;
		write_error = 0;
		return -1;
	}
	if (write_max > 0 && n > write_max)
		n = write_max;
	return syscall(SYS_write, fd, p, n);
}

static bool
look(const struct fixture *f, const char *name, struct stat *st)
{
	char *path = xasprintf("%s/%s", f->dir, name);
	bool is_there = stat(path, st) == 0;

	free(path);
	return is_there;
}

static int
take(const struct fixture *f, const char *name)
{
	char *path = xasprintf("%s/%s", f->dir, name);
	int r = spare_take(path);

	free(path);
	return r;
}

static void
check_zeros(const struct fixture *f, const char *name, size_t n)
{
	char *path = xasprintf("%s/%s", f->dir, name), c;
	int fd = open(path, O_RDONLY);
	size_t i;

	assert_true(fd >= 0);
	for (i = 0; i < n; i += 509) {
		assert_int_equal(pread(fd, &c, 1, (off_t)i), 1);
		assert_int_equal(c, 0);
	}
	close(fd);
	free(path);
}

static void
a_spare_is_whole(void **state)
{
	const size_t n = ((size_t)2 << 20) + 5;
	struct fixture *f = *state;
	struct stat st;

	assert_false(spare_is_there(f->dir));
	write_max = 70000;
	assert_int_equal(spare_make(f->dir, n), 0);
	write_max = 0;
	assert_true(spare_is_there(f->dir));
	assert_true(look(f, "spare-log", &st));
	assert_int_equal(st.st_size, n);
	assert_true((size_t)st.st_blocks * 512 >= n);
	assert_int_equal(st.st_mode & 07777, 0600);
	check_zeros(f, "spare-log", n);
	spare_remove(f->dir);
	assert_false(spare_is_there(f->dir));
}

static void
what_is_not_whole_is_no_spare(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	write_error = ENOSPC;
	assert_int_equal(spare_make(f->dir, 100), ENOSPC);
	assert_false(spare_is_there(f->dir));
	assert_false(look(f, "spare-log.part", &st));
	write_error = EINTR;
	assert_int_equal(spare_make(f->dir, 100), 0);
	assert_true(spare_is_there(f->dir));
	spare_remove(f->dir);
}

static void
it_is_taken_for_a_log_file_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char *path;

	assert_int_equal(take(f, "log.0000000077"), 0);
	assert_false(look(f, "log.0000000077", &st));
	assert_int_equal(spare_make(f->dir, 100), 0);
	assert_int_equal(take(f, "log.0000000001"), 0);
	assert_int_equal(take(f, "other.db"), 0);
	assert_int_equal(take(f, "other-log.0000000077"), 0);
	assert_true(spare_is_there(f->dir));
	assert_int_equal(take(f, "log.0000000077"), 0);
	assert_false(spare_is_there(f->dir));
	assert_true(look(f, "log.0000000077", &st));
	assert_int_equal(st.st_size, 100);
	path = xasprintf("%s/log.0000000077", f->dir);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void
it_is_made_when_a_log_file_fills(void **state)
{
	struct fixture *f = *state;
	struct stat spare, st;

	assert_int_equal(env_prepare_log(f->env), ERR_OK);
	assert_false(spare_is_there(f->dir));
	fixture_fill(f, "s", SOME_EVENTS, LARGE_BYTES);
	assert_int_equal(env_prepare_log(f->env), ERR_OK);
	assert_true(look(f, "spare-log", &spare));
	assert_int_equal(env_prepare_log(f->env), ERR_OK);
	assert_false(look(f, "log.0000000002", &st));

	fixture_fill(f, "s", MANY_EVENTS, LARGE_BYTES);
	assert_false(spare_is_there(f->dir));
	assert_true(look(f, "log.0000000002", &st));
	assert_int_equal(st.st_ino, spare.st_ino);
	assert_int_equal(st.st_size, spare.st_size);
}

static void
recover(struct fixture *f)
{
	env_abandon(&f->env);
	assert_int_equal(fixture_env_open(f), ERR_OK);
	assert_int_equal(fixture_faults(f), 0);
}

static void
what_is_in_it_is_recovered(void **state)
{
	struct fixture *f = *state;

	env_panic(f->env);
	recover(f);
	assert_int_equal(fixture_end(f), SOME_EVENTS + MANY_EVENTS);
}

/* Nobody may write to a file that a power failure takes away. */
static void
a_name_that_is_not_flushed_ends_it(void **state)
{
	struct fixture *f = *state;
	struct append a;

	fixture_fill(f, "s", SOME_EVENTS, LARGE_BYTES);
	assert_int_equal(env_prepare_log(f->env), ERR_OK);
	assert_true(spare_is_there(f->dir));
	sync_error = EIO;
	a = fixture_fill(f, "s", MANY_EVENTS, LARGE_BYTES);
	assert_int_equal(sync_error, 0);
	assert_int_not_equal(a.outcome, ERR_OK);
	assert_false(env_is_sound(f->env));
	recover(f);
	assert_int_equal(fixture_end(f), 2 * SOME_EVENTS + MANY_EVENTS);
}

static void
a_failed_write_is_no_reason_to_stop(void **state)
{
	struct fixture *f = *state;

	fixture_fill(f, "s", SOME_EVENTS, LARGE_BYTES);
	write_error = ENOSPC;
	assert_int_equal(env_prepare_log(f->env), ERR_DISK_FULL);
	assert_false(spare_is_there(f->dir));
	fixture_fill(f, "s", MANY_EVENTS, LARGE_BYTES);
	assert_int_equal(f->failure, ERR_OK);
	assert_true(env_is_sound(f->env));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_spare_is_whole),
	    cmocka_unit_test(what_is_not_whole_is_no_spare),
	    cmocka_unit_test(it_is_taken_for_a_log_file_that_is_not_there),
	    cmocka_unit_test(it_is_made_when_a_log_file_fills),
	    cmocka_unit_test(what_is_in_it_is_recovered),
	    cmocka_unit_test(a_name_that_is_not_flushed_ends_it),
	    cmocka_unit_test(a_failed_write_is_no_reason_to_stop),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup_sync, fixture_env_teardown);
}
