/*
 * usage - what the store takes of its disk, and how its cache does.
 *
 * Layer: store.
 */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include <stdint.h>

#include "store/err.h"

struct store;

struct usage {
	uint64_t table_bytes; /* of the tables, when all of them is written */
	uint64_t log_bytes;   /* of the log files */
	uint64_t cache_hits, cache_misses; /* since the last recovery */
	int64_t checkpoint_s; /* when the last one was written; since 1970 */
	uint64_t disk_bytes, disk_free_bytes; /* of the data folder */
};

/*
 * Without waiting for a store that is not open: ERR_UNAVAILABLE, and only
 * what the disk's file system says is known; the rest is 0.
 */
enum err usage_read(struct store *, struct usage *);

#endif
