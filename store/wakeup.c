#include "config.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/mapped.h"
#include "store/name.h"
#include "store/wakeup.h"

/*
 * The number is that of the layout: processes of different builds that would
 * misread each other have different files.
 */
#define FILE_NAME "wakeup.2"

#define GROUPS    16384  /* a power of two */
#define ALL_GROUP GROUPS /* of $all alone */

/*
 * Nothing here is counted down for a process that died: who watched or slept
 * in it only costs the others a call that wakes nobody.
 */
struct group {
	_Atomic uint32_t value;
	_Atomic uint32_t watchers;
};

/* What stands in the file. */
struct shared {
	_Atomic uint32_t value; /* the futex */
	_Atomic uint32_t sleepers;
	_Atomic uint32_t all; /* moved instead of the values of all groups */
	uint32_t unused[13];
	struct group groups[GROUPS + 1];
};

struct wakeup {
	struct shared *shared;
};

enum err
wakeup_open(struct wakeup **out, const char *dir)
{
	struct shared *shared =
	    mapped_open(dir, FILE_NAME, sizeof(*shared), NULL);

	if (shared == NULL)
		return ERR_IO;
	*out = xmalloc(sizeof(**out));
	(*out)->shared = shared;
	return ERR_OK;
}

void
wakeup_close(struct wakeup **wp)
{
	if (*wp == NULL)
		return;
	munmap((*wp)->shared, sizeof(struct shared));
	free(*wp);
	*wp = NULL;
}

/*
 * FNV-1a.  A metastream is in the group of its base stream: what is written
 * to one decides what is seen of the other.
 */
static uint32_t
group_of(struct slice stream)
{
	struct slice name = name_is_meta(stream) ? name_base(stream) : stream;
	uint32_t hash = 2166136261;
	size_t i;

	if (slice_is(name, "$all"))
		return ALL_GROUP;
	for (i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619;
	return (hash ^ hash >> 16) % GROUPS;
}

struct wakeup_mark
wakeup_mark(struct wakeup *w, struct slice stream)
{
	struct wakeup_mark m = {.group = group_of(stream)};

	m.seen = atomic_load(&w->shared->groups[m.group].value);
	m.seen_by_all = atomic_load(&w->shared->all);
	return m;
}

bool
wakeup_has_moved(struct wakeup *w, const struct wakeup_mark *m)
{
	return atomic_load(&w->shared->groups[m->group].value) != m->seen ||
	       atomic_load(&w->shared->all) != m->seen_by_all;
}

void
wakeup_watch(struct wakeup *w, const struct wakeup_mark *m)
{
	atomic_fetch_add(&w->shared->groups[m->group].watchers, 1);
}

void
wakeup_watch_end(struct wakeup *w, const struct wakeup_mark *m)
{
	atomic_fetch_sub(&w->shared->groups[m->group].watchers, 1);
}

uint32_t
wakeup_now(struct wakeup *w)
{
	return atomic_load(&w->shared->value);
}

void
wakeup_sleep(struct wakeup *w, uint32_t seen, int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	if (ms <= 0)
		return;
	atomic_fetch_add(&w->shared->sleepers, 1);
	syscall(SYS_futex, &w->shared->value, FUTEX_WAIT, seen, &t, NULL, 0);
	atomic_fetch_sub(&w->shared->sleepers, 1);
}

void
wakeup_wake(struct wakeup *w)
{
	/* In this order: who comes to sleep later sees the new value. */
	atomic_fetch_add(&w->shared->value, 1);
	if (atomic_load(&w->shared->sleepers) > 0)
		syscall(SYS_futex, &w->shared->value, FUTEX_WAKE, INT_MAX, NULL,
		    NULL, 0);
}

/*
 * Whether somebody watches it.  Who begins to after this was answered sees
 * the new value.
 */
static bool
move(struct wakeup *w, uint32_t group)
{
	struct group *g = &w->shared->groups[group];

	atomic_fetch_add(&g->value, 1);
	return atomic_load(&g->watchers) > 0;
}

void
wakeup_bump(struct wakeup *w, const struct slice *streams, size_t n)
{
	bool watched = move(w, ALL_GROUP);
	size_t i;

	for (i = 0; i < n; i++)
		watched = move(w, group_of(streams[i])) || watched;
	if (watched)
		wakeup_wake(w);
}

void
wakeup_bump_all(struct wakeup *w)
{
	atomic_fetch_add(&w->shared->all, 1);
	wakeup_wake(w);
}
