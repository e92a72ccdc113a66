/*
 * env - the Berkeley DB environment, its five tables, and its errors.
 *
 * Layer: store; private to it (includes <db.h>).  There is at most one of
 * these in a process: the library's own locks require it.
 *
 * All tables are B-trees in files of their own, and share no free list.
 * Pages have 4096 bytes, the block of the file systems below: one that a power
 * failure leaves half written could not be recovered from a log of changes.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <db.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/group.h"

#define ENV_PAGE_BYTES     4096
#define ENV_LOG_FILE_BYTES (32u << 20)

enum table {
	TABLE_STREAMS,
	TABLE_EVENTS,
	TABLE_ALL,
	TABLE_EVENT_IDS,
	TABLE_COUNTERS,
	TABLES
};

struct defaults_cache;
struct env;

struct env_options {
	const char *dir;
	size_t cache_bytes;
	bool recover;     /* for the agent: recover first, then create tables */
	bool from_backup; /* apply all of the log, not only its end */
	bool sync;        /* a commit waits for the disk */
	const struct group_options *group; /* NULL: the node is alone */
};

/*
 * Join the environment in options->dir, or recover it.  Without a group the
 * tables are open then, too; with one, see env_open_tables(), and the agent
 * calls group_start() itself.
 * ERR_RECOVERY: it cannot be joined as it is.  ERR_UNAVAILABLE: not yet.
 * ERR_STALE: as for env_close().  ERR_DISK_FULL, ERR_IO: the log says why.
 * ERR_CORRUPT: made by another version.
 */
enum err env_open(struct env **, const struct env_options *);

/*
 * For a node of a group: open the tables that are not; what is there stays
 * open also when others are missing.  Only a master may create them.
 * ERR_UNAVAILABLE: they are not there yet, or are just being replaced.
 * ERR_RECOVERY: they cannot be opened with versions of their pages any more.
 */
enum err env_open_tables(struct env *, bool create);

/* Close them, as replication replaced them.  Nobody works on them. */
void env_close_tables(struct env *);

/* What env_open() was given; NULL: the node is alone. */
const struct group_options *env_group_options(struct env *);

/* Close it properly.  ERR_STALE: locked out (env.c), it needs recovery. */
enum err env_close(struct env **);

/*
 * Leave an environment that has panicked, or whose agent is gone, without
 * touching what is shared.  Some memory of the library's stays behind.
 */
void env_abandon(struct env **);

/* Make every call of every process in it fail with ERR_RECOVERY. */
void env_panic(struct env *);

/* Whether the library has told that recovery is needed. */
bool env_panicked(const struct env *);

/* Whether it has told that this node was put out of the group. */
bool env_is_out(const struct env *);

/*
 * Whether no process at all has found that recovery is needed.  Asked after a
 * commit: where another process's flush has just failed, ours succeeds over the
 * hole that it left.
 */
bool env_is_sound(struct env *);

/* Whether the disk has room for so many bytes; if it does not say, it has. */
bool env_has_room(struct env *, uint64_t bytes);

/*
 * Whether there is next to no room left.  The cache then fills with pages
 * that cannot be written, and the library fails in other ways than ENOSPC.
 */
bool env_disk_is_full(struct env *);

/* Whether a commit waits for the disk: see struct env_options. */
bool env_is_synced(const struct env *);

DB_ENV *env_handle(struct env *);
DB *env_table(struct env *, enum table);

/* Since when, in clock_mono_ms(), no event was taken back; 0: for ever. */
int64_t env_since(struct env *);
struct defaults_cache *env_defaults(struct env *); /* of $settings */

/*
 * Whether a snapshot can be read from this table.  From the others readers
 * take what is there at the moment, committed or not, and pass over what the
 * snapshot does not know yet: see env.c.
 */
bool env_has_versions(enum table);

/*
 * Whether it is worth asking for a snapshot: not on a replica, for which a node
 * of a group counts until whoever opened the environment says otherwise.
 */
bool env_may_have_snapshots(struct env *);
void env_use_snapshots(struct env *, bool);

/*
 * Write a checkpoint if kbytes of log came since the last one, always if
 * kbytes is 0.  ERR_RECOVERY, ERR_DISK_FULL, ERR_IO.
 */
enum err env_checkpoint(struct env *, uint32_t kbytes);

/*
 * Check the pages of one table's file, which nobody has open.
 * ERR_CORRUPT: they do not fit together.  ERR_IO.
 */
enum err env_verify_file(const char *dir, enum table);
const char *env_table_file(enum table);

/* The length of a table's file, when all of it is written; 0: unknown. */
uint64_t env_table_bytes(struct env *, enum table);

/* What a DB_* code or errno means to the rest of store/. */
enum err env_err(int db_error);

/*
 * For tests: the nth call of env_fault() from now returns db_error, once.
 * 0 turns it off.
 */
void env_set_fault(struct env *, unsigned int nth, int db_error);

/* Asked before each call on a table; 0 nearly always. */
int env_fault(struct env *);

#endif
