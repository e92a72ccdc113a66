/*
 * tbl_counters - the next position, the next stream id, and what was removed.
 *
 * Layer: store; private to it.  One row: key "next", value layout 4 | next
 * position 8 | next stream id 8 | events removed 8.  layout is a number for
 * how all tables are laid out; see format.h.  Whoever writes takes its lock
 * before any other, so writers of several processes, and scavenging, queue here
 * instead of deadlocking.
 */
#ifndef STORE_TBL_COUNTERS_H
#define STORE_TBL_COUNTERS_H

#include <stdint.h>

#include "store/txn.h"

#define COUNTERS_LAYOUT 2

struct counters {
	uint64_t position;
	uint64_t stream_id;
	uint64_t removed; /* events that scavenging took, in all */
};

/*
 * A store that has none yet answers the first ones.
 * ERR_CORRUPT: also when the layout is another.
 */
enum err tbl_counters_get(struct txn *, struct counters *);
enum err tbl_counters_get_for_update(struct txn *, struct counters *);
/* How many rows the table has. */
enum err tbl_counters_count(struct txn *, uint64_t *n);

enum err tbl_counters_put(struct txn *, const struct counters *);

#endif
