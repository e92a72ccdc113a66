/*
 * snapshot - how the node does at a moment, for /stats and /metrics.
 *
 * Layer: fcgi.  Numbers only: nothing in it names a stream, a user or a file.
 */
#ifndef FCGI_SNAPSHOT_H
#define FCGI_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/role.h"
#include "store/tally.h"
#include "store/usage.h"

struct server;

struct snapshot {
	struct tally_sums sums;
	struct tally_living living;
	struct usage usage;
	bool is_open; /* else usage and position are not known */
	struct role_view role;
	uint64_t end; /* the next event's position */

	/* Of all the node's processes that may be looked at. */
	uint64_t resident_bytes;
	uint64_t threads;
	uint64_t open_files;

	/* Of the process that answers, and of the machine. */
	pid_t pid;
	int64_t started; /* ticks since 1970 */
	uint64_t free_memory_bytes;
	double load[3];
};

void snapshot_take(struct snapshot *, struct server *);

#endif
