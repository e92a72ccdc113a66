/*
 * tbl_counters - the next position, the next stream id, and what was removed.
 *
 * Layer: store; private to it.  One row: key "next", value next position 8 |
 * next stream id 8 | events removed 8.  Whoever writes takes its lock before
 * any other, so writers of several processes, and scavenging, queue here
 * instead of deadlocking.
 */
#ifndef STORE_TBL_COUNTERS_H
#define STORE_TBL_COUNTERS_H

#include <stdint.h>

#include "store/txn.h"

struct counters {
	uint64_t position;
	uint64_t stream_id;
	uint64_t removed; /* events that scavenging took, in all */
};

/* A store that has none yet answers the first ones. */
enum err tbl_counters_get(struct txn *, struct counters *);
enum err tbl_counters_get_for_update(struct txn *, struct counters *);
enum err tbl_counters_put(struct txn *, const struct counters *);

#endif
