/*
 * compact - giving a table's free room back to the file system.
 *
 * Layer: store; private to it.  Berkeley DB never makes a file smaller by
 * itself: pages that became empty wait to be used again, and half-empty ones
 * stay.  This moves records of neighbouring pages together, then pages from
 * the end of the file to free places before it, and cuts the end off.
 *
 * The library does so in many small transactions of its own, beside readers
 * and writers.  We hand it the table in pieces, between which it can stop;
 * pages that were freed until then are free.
 *
 * One step is not small: before the end of a file is cut off, the list of
 * the table's free pages is sorted, and who needs a new page in the table
 * waits for that, about a second for 500 MiB.
 */
#ifndef STORE_COMPACT_H
#define STORE_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/env.h"
#include "store/err.h"

/* Asked between two pieces; false: stop. */
typedef bool compact_go_on_f(void *arg);

struct compact {
	enum table table;
	compact_go_on_f *go_on;
	void *arg;
};

/*
 * ERR_UNAVAILABLE: told to stop.  ERR_BUSY: others were in the way too
 * often.  ERR_RECOVERY, ERR_DISK_FULL, ERR_NO_MEMORY, ERR_IO.
 */
enum err compact_table(struct env *, const struct compact *);

/*
 * Only give back the pages that are empty already: move others to their
 * places, and cut the end off.  The same errors.
 */
enum err compact_shrink(struct env *, const struct compact *);

#endif
