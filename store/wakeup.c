#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/wakeup.h"

#define FILE_SIZE 4096

/* What stands in the file. */
struct shared {
	_Atomic uint32_t value;
	/* A process that dies waiting is counted for ever, which only costs
	 * the others a call that wakes nobody. */
	_Atomic uint32_t waiters;
};

struct wakeup {
	struct shared *shared;
};

enum err
wakeup_open(struct wakeup **out, const char *dir)
{
	char *path = xasprintf("%s/wakeup", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *map = MAP_FAILED;
	int saved;

	free(path);
	if (fd >= 0 && (errno = posix_fallocate(fd, 0, FILE_SIZE)) == 0)
		map = mmap(
		    NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	if (map == MAP_FAILED)
		return ERR_IO;
	*out = xmalloc(sizeof(**out));
	(*out)->shared = map;
	return ERR_OK;
}

void
wakeup_close(struct wakeup **wp)
{
	if (*wp == NULL)
		return;
	munmap((*wp)->shared, FILE_SIZE);
	free(*wp);
	*wp = NULL;
}

uint32_t
wakeup_now(struct wakeup *w)
{
	return atomic_load(&w->shared->value);
}

void
wakeup_wait(struct wakeup *w, uint32_t seen, int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	if (ms <= 0)
		return;
	atomic_fetch_add(&w->shared->waiters, 1);
	syscall(SYS_futex, &w->shared->value, FUTEX_WAIT, seen, &t, NULL, 0);
	atomic_fetch_sub(&w->shared->waiters, 1);
}

void
wakeup_bump(struct wakeup *w)
{
	/* In this order: who comes to wait later sees the new value. */
	atomic_fetch_add(&w->shared->value, 1);
	if (atomic_load(&w->shared->waiters) > 0)
		syscall(SYS_futex, &w->shared->value, FUTEX_WAKE, INT_MAX, NULL,
		    NULL, 0);
}
