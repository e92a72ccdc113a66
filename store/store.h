/*
 * store - a process's place in the store: in, out, and back in.
 *
 * Layer: store.  One a process.  A thread of its own keeps the process
 * inside the environment while the agent vouches for it, leaves when the
 * agent says so or is gone, and comes back when the store is recovered.
 * Whoever works on the store meanwhile waits, up to the store's patience.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"

struct env;
struct store;
struct wakeup;
struct writer;

struct store_options {
	const char *program; /* for the registration; must stay */
	const char *dir;     /* the data folder; must stay */
	size_t cache_bytes;
	bool sync; /* an append is answered when the disk has it */
	int64_t patience_ms;
};

/*
 * Start; returns before the environment is open.  SIGUSR2 is used between
 * the store's threads and must not be blocked for others.
 * ERR_IO: the data folder is not usable, the log says why.
 */
enum err store_open(struct store **, const struct store_options *);

/* Finish the appends in hand, leave and free. */
void store_close(struct store **);

/* Whether an operation would run now, without waiting. */
bool store_is_open(struct store *);

/* When an operation that begins now gives up, in clock_mono_ms(). */
int64_t store_deadline(const struct store *);

/* Wait until it is open.  ERR_UNAVAILABLE: not by the deadline. */
enum err store_await(struct store *, int64_t deadline);

/* What tells of commits. */
struct wakeup *store_wakeup(struct store *);

/* For the other modules of store/. */

/*
 * Be one of those working inside, until store_exit().
 * ERR_UNAVAILABLE: not open by the deadline.
 */
enum err store_enter(struct store *, int64_t deadline, struct env **);

/* broken: the environment needs recovery, let nobody else in before it. */
void store_exit(struct store *, bool broken);

/* Whether the agent that this environment was opened under still lives. */
bool store_vouched(struct store *);

struct writer *store_writer(struct store *);

#endif
