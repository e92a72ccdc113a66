/*
 * wakeup - waiting for new events without polling, across processes.
 *
 * Layer: store.  A file in the data folder that all processes map holds a
 * counter for each of many groups of streams, by a hash of their names, that
 * moves on when one of them is written; and one more, on which sleepers
 * sleep.  That one moves only when somebody watches a group that was written:
 * a writer whose streams nobody waits for makes no system call.
 */
#ifndef STORE_WAKEUP_H
#define STORE_WAKEUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/slice.h"

struct wakeup;

/* How far a stream was when somebody looked. */
struct wakeup_mark {
	uint32_t group;
	uint32_t seen, seen_by_all;
};

/* ERR_IO: errno says why. */
enum err wakeup_open(struct wakeup **, const char *dir);
void wakeup_close(struct wakeup **);

/*
 * Where a stream stands, which need not exist; $all is moved by every commit.
 * Take it before looking at the stream.  A stream, its metastream and some
 * others share a group, so one that has moved may look as it did.
 */
struct wakeup_mark wakeup_mark(struct wakeup *, struct slice stream);
bool wakeup_has_moved(struct wakeup *, const struct wakeup_mark *);

/*
 * Have sleepers woken when the mark's group moves, until the end of it.
 * What moved before that wakes nobody: ask wakeup_has_moved() afterwards.
 */
void wakeup_watch(struct wakeup *, const struct wakeup_mark *);
void wakeup_watch_end(struct wakeup *, const struct wakeup_mark *);

/* The value that wakeup_sleep() sleeps on.  Take it, look, sleep. */
uint32_t wakeup_now(struct wakeup *);

/* Sleep until the value is not seen, a signal, or ms milliseconds. */
void wakeup_sleep(struct wakeup *, uint32_t seen, int64_t ms);

/* Wake the sleepers, though nothing was committed. */
void wakeup_wake(struct wakeup *);

/* These n > 0 streams were committed to, they or their metastreams. */
void wakeup_bump(struct wakeup *, const struct slice *streams, size_t n);

/* Nobody knows what was committed: all marks have moved. */
void wakeup_bump_all(struct wakeup *);

#endif
