/*
 * tidy - filling the pages that appends leave half empty.
 *
 * Layer: store, for the agent of the node that accepts writes.
 *
 * The library splits a full page in its middle.  Events are ordered by stream,
 * and a stream that grows among others leaves behind it halves of pages that
 * nothing comes to any more.  So when a stream has grown by some number of
 * events, those before its end are moved together, once: what that writes to
 * the log is bounded by what appends wrote.  What was appended is known from
 * the table of positions.  A stream of a few events is left as it is.
 *
 * The library moves records in many small transactions of its own, beside
 * readers and writers; when appends come meanwhile, most of the time is theirs.
 * Pages that become empty are used for what is written next; when much of the
 * table is empty and nobody appends, tidy_shrink() makes its file smaller.
 */
#ifndef STORE_TIDY_H
#define STORE_TIDY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

struct env;

/* Asked now and then; false: stop. */
typedef bool tidy_go_on_f(void *arg);

struct tidy {
	tidy_go_on_f *go_on;
	void *arg;
	uint64_t position; /* what stands before it is done with */
	uint64_t pages;    /* that became empty since the last shrinking */

	/* Its own. */
	uint64_t end; /* the next event's position, when last looked at */
	int64_t worked_us;
};

/*
 * Look at the next thousand events; *is_tidy tells whether these were all.
 * What was done is in *t, and can be done again.  ERR_UNAVAILABLE: told to
 * stop.  ERR_RECOVERY, ERR_DISK_FULL, ERR_BUSY, ERR_CORRUPT, ERR_NO_MEMORY,
 * ERR_IO.
 */
enum err tidy_run(struct env *, struct tidy *, bool *is_tidy);

/* Whether shrinking is worth it: when an eighth of the pages became empty. */
bool tidy_may_shrink(struct env *, const struct tidy *);

/* Who appends meanwhile may have to wait; see compact.h. */
enum err tidy_shrink(struct env *, struct tidy *);

#endif
