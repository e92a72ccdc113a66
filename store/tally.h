/*
 * tally - what a node's processes have done, counted together.
 *
 * Layer: store, used by fcgi/ and the agent.  A mapped file in the data
 * folder, `tally.1`, has a slot for each process, which adds to it with
 * relaxed atomics and no system call.  A process holds a lock on its slot
 * (Linux's open file description locks, which end with it); the next one
 * takes over a slot that nobody holds and counts on.  So sums never go back,
 * whoever dies, and gauges are those of the living.
 *
 * There is nothing in it but numbers: no stream's name, no user's.
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/err.h"

enum tally_count {
	TALLY_APPENDS,     /* requests to append or delete that were granted */
	TALLY_EVENTS,      /* events that they wrote */
	TALLY_EVENT_BYTES, /* of their records, repeats of appends included */
	TALLY_COMMITS,
	TALLY_COMMIT_US, /* that these took, altogether */
	TALLY_FAILED_LOGINS,
	TALLY_RECOVERIES,
	TALLY_COUNTS
};

enum tally_gauge {
	TALLY_WAITING, /* requests in a long poll */
	TALLY_QUEUED,  /* appends that wait for the writer */
	TALLY_GAUGES
};

enum tally_method {
	TALLY_GET,
	TALLY_HEAD,
	TALLY_POST,
	TALLY_PUT,
	TALLY_DELETE,
	TALLY_OPTIONS,
	TALLY_OTHER,
	TALLY_METHODS
};

#define TALLY_CLASSES 4 /* of statuses: 2xx to 5xx */

/* What is timed: appends, and reads that did not wait for events. */
enum tally_timed { TALLY_READ, TALLY_APPEND, TALLY_TIMED };

/* Microseconds that a bucket holds at most; the one behind them: any. */
#define TALLY_LIMITS 14
extern const uint32_t tally_limits_us[TALLY_LIMITS];

struct tally_sums {
	uint64_t counts[TALLY_COUNTS];
	uint64_t requests[TALLY_METHODS][TALLY_CLASSES];
	uint64_t buckets[TALLY_TIMED][TALLY_LIMITS + 1];
	uint64_t timed_us[TALLY_TIMED];
};

#define TALLY_SLOTS 64

struct tally_living {
	int64_t gauges[TALLY_GAUGES];
	pid_t pids[TALLY_SLOTS];
	size_t npids;
};

struct tally;

/*
 * A process calls it once, or has a slot for each.  When all are taken, a
 * slot is shared.  ERR_IO: errno says why.
 */
enum err tally_open(struct tally **, const char *dir);
void tally_close(struct tally **);

void tally_add(struct tally *, enum tally_count, uint64_t n);
void tally_move(struct tally *, enum tally_gauge, int64_t by);

/* A request was answered with a status of 200 to 599. */
void tally_request(struct tally *, enum tally_method, int status);
void tally_time(struct tally *, enum tally_timed, uint64_t us);

/* Since the data folder was made. */
void tally_sum(struct tally *, struct tally_sums *);

/* Of the processes that live; asks the system about each slot. */
void tally_look(struct tally *, struct tally_living *);

#endif
