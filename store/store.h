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

struct conf_cluster;
struct env;
struct group_line;
struct role;
struct store;
struct tally;
struct wakeup;
struct writer;

struct store_options {
	const char *program; /* for the registration; must stay */
	const char *dir;     /* the data folder; must stay */
	size_t cache_bytes;
	bool sync; /* an append is answered when the disk has it */
	int64_t patience_ms;
	const struct conf_cluster *cluster; /* NULL: alone; must stay */
};

/*
 * Start; returns before the environment is open.  SIGUSR2 is used between
 * the store's threads and must not be blocked for others.
 * ERR_IO: the data folder is not usable, the log says why.
 */
enum err store_open(struct store **, const struct store_options *);

/*
 * For the agent, which is inside by itself: the store is what env has, from
 * store_open_tables() on.  env stays the caller's.
 */
enum err store_adopt(
    struct store **, const struct store_options *, struct env *);

/*
 * For who adopted: open the tables, and create them if a master lacks them.
 * ERR_UNAVAILABLE: a replica has not received them yet.  ERR_CORRUPT: they are
 * another version's, as the log says.
 */
enum err store_open_tables(struct store *, bool create);

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

/* Where this process counts what it does. */
struct tally *store_tally(struct store *);

/* The data folder, and what the node is in its cluster. */
const char *store_dir(const struct store *);
struct role *store_role(struct store *);

/* For the other modules of store/, and who works on an env itself. */

/*
 * Be one of those working inside, until store_exit().
 * ERR_UNAVAILABLE: not open by the deadline.
 */
enum err store_enter(struct store *, int64_t deadline, struct env **);

/*
 * ERR_RECOVERY: the environment is broken; ERR_STALE: the tables must be
 * opened again; let nobody in before that is done.
 */
void store_exit(struct store *, enum err);

/* Whether the agent that this environment was opened under still lives. */
bool store_vouched(struct store *);

struct writer *store_writer(struct store *);

/* The line to the master; NULL: the node is alone, or is not inside. */
struct group_line *store_master_line(struct store *);

#endif
