/*
 * scavenge - removing for good what nobody can read any more.
 *
 * Layer: store, for the agent of the node that accepts writes.
 *
 * Removed are, from a stream's lowest number on, the events that $maxCount,
 * $maxAge (by the clock of now) and $tb hide, all but the newest of a
 * metastream, and all but the tombstone of a stream that is deleted for good,
 * with its metastream's.  A hidden event behind one that is shown, which only
 * a clock that was set back can bring about, goes when that one goes.  With an
 * event goes its position in the table of all.
 *
 * Event ids stay known, so that a late repeat is still recognised; except
 * those of a stream that is deleted for good, which nobody can write to.  A
 * stream's record, and the number it goes on with, stay always.
 *
 * Every transaction is small, and begins as an append's does, so that they
 * queue and do not deadlock; it need not wait for the disk, since what is
 * lost of it is only to be done again.  When appends come meanwhile, it rests
 * between transactions.  A pass may be broken off after any of them.
 */
#ifndef STORE_SCAVENGE_H
#define STORE_SCAVENGE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

struct env;
struct scavenge;

/* Asked between transactions, some time apart; false: stop. */
typedef bool scavenge_go_on_f(void *arg, const struct scavenge *so_far);

enum scavenge_phase { SCAVENGE_REMOVING, SCAVENGE_COMPACTING };

struct scavenge {
	scavenge_go_on_f *go_on;
	void *arg;
	bool compact; /* look for free room also if nothing was removed */

	/* What it did. */
	enum scavenge_phase phase;
	uint64_t streams;      /* looked at */
	uint64_t events;       /* removed */
	uint64_t bytes;        /* that their records had */
	uint64_t ids;          /* forgotten */
	uint64_t damaged;      /* streams left as they are, see the log */
	uint64_t bytes_before; /* of the tables' files */
	uint64_t bytes_after;
	int64_t ms;
};

/*
 * Make one pass over all streams, then give pages back.  Whatever is
 * returned, what was done is in *s, and can be done again.
 * ERR_UNAVAILABLE: told to stop.  ERR_RECOVERY, ERR_DISK_FULL, ERR_BUSY,
 * ERR_NO_MEMORY, ERR_IO.
 */
enum err scavenge_run(struct env *, struct scavenge *);

#endif
