#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/env.h"
#include "store/flush.h"
#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

#define EVENTS 6
#define BYTES  10000
#define STEP   3 /* of the reads, every third: it takes a while */

enum { READ_ALL, READ_IN_VAIN, ENDED_WELL_THOUGH };

/* In place of the C library's. */
ssize_t pread(int fd, void *p, size_t n, off_t offset);
ssize_t read(int fd, void *p, size_t n);

static int reads_left = -1; /* of log files, until one fails; -1: none does */
static bool read_fails;     /* the library tries a second time, by read() */

static bool
is_log(int fd)
{
	char link[32], path[128];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	return flush_names_log(path);
}

ssize_t
pread(int fd, void *p, size_t n, off_t offset)
{
	if (reads_left >= 0 && is_log(fd) && reads_left-- == 0) {
		read_fails = true;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, p, n, offset);
}

ssize_t
read(int fd, void *p, size_t n)
{
	if (read_fails && is_log(fd)) {
		read_fails = false;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, p, n);
}

/* In a child. */
static int
recover(struct child *self, void *arg)
{
	struct fixture *f = arg;
	enum err e;

	(void)self;
	e = fixture_env_open(f);
	if (reads_left >= 0)
		return READ_ALL;
	return e == ERR_OK ? ENDED_WELL_THOUGH : READ_IN_VAIN;
}

/* How a recovery ends whose so-many-th read of the log fails. */
static int
recover_in_vain(struct fixture *f, int nth)
{
	struct child c;

	reads_left = nth;
	c = child_start(recover, f);
	reads_left = -1;
	return child_end(&c);
}

static void
a_record_that_cannot_be_read_is_not_the_end(void **state)
{
	struct fixture *f = *state;
	int nth, status = READ_IN_VAIN;

	fixture_fill(f, "s", EVENTS, BYTES);
	env_abandon(&f->env);
	for (nth = 0; status != READ_ALL; nth += STEP) {
		status = recover_in_vain(f, nth);
		assert_int_not_equal(status, ENDED_WELL_THOUGH);
		assert_int_equal(fixture_env_open(f), ERR_OK);
		assert_int_equal(fixture_end(f), EVENTS);
		assert_int_equal(fixture_faults(f), 0);
		env_abandon(&f->env);
	}
	assert_true(nth > 2 * STEP);
	assert_int_equal(fixture_env_open(f), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_that_cannot_be_read_is_not_the_end),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup_sync, fixture_env_teardown);
}
