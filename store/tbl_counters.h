/*
 * tbl_counters - the next position and the next stream id.
 *
 * Layer: store; private to it.  One row: key "next", value next position 8 |
 * next stream id 8.  A writer takes its lock before any other, so writers of
 * several processes queue here instead of deadlocking.
 */
#ifndef STORE_TBL_COUNTERS_H
#define STORE_TBL_COUNTERS_H

#include <stdint.h>

#include "store/txn.h"

struct counters {
	uint64_t position;
	uint64_t stream_id;
};

/* A store that has none yet answers the first ones. */
enum err tbl_counters_get(struct txn *, struct counters *);
enum err tbl_counters_get_for_update(struct txn *, struct counters *);
enum err tbl_counters_put(struct txn *, const struct counters *);

#endif
