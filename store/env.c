#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/defaults.h"
#include "store/env.h"
#include "store/flush.h"
#include "store/log.h"
#include "store/regions.h"
#include "store/spare.h"

#define LOG_BUFFER_BYTES (4u << 20)

/*
 * Most locks that one transaction may need: a batch of 20,000 events whose
 * ids fall on as many pages, and as much again for those who read.
 */
#define MAX_LOCKS 120000

/* Also the transactions whose page versions a snapshot still reads. */
#define MAX_TRANSACTIONS 20000

/* A disk that is full has the library say so for every page in the cache. */
#define MESSAGES_PER_S 20

/* Less than this is as good as nothing: the buffer may be written at once. */
#define LITTLE_ROOM LOG_BUFFER_BYTES

struct env {
	DB_ENV *handle;
	struct group_options group; /* its conf is NULL: alone */
	DB *tables[TABLES];
	struct defaults_cache *defaults;
	atomic_llong since; /* see env_since() */
	atomic_bool panicked;
	atomic_bool is_out;
	atomic_bool is_replica;
	bool is_synced;
	struct log_burst messages;
	struct regions regions;
	atomic_uint fault_in; /* 0: no fault is wanted */
	int fault;
};

/*
 * Readers see what is committed without waiting for a writer.  For the small
 * tables, streams and counters, the library keeps versions of pages.  What
 * those two say is committed stands in the others and does not change, so
 * they are read as they are at the moment, and readers pass over the rest.
 *
 * Versions for all tables were slow: once the cache is full, 5.3.28 hardly
 * finds an old version it may drop (in __memp_alloc a version that was chosen
 * for its age counts as in use when it is asked whether it is obsolete), looks
 * at hundreds of pages for each new one, and freezes others to files.  Appends
 * fell to a third as soon as the data outgrew the cache.
 */
static const struct {
	const char *file;
	uint32_t flags;
} tables[TABLES] = {
    [TABLE_STREAMS] = {"streams.db", DB_MULTIVERSION},
    [TABLE_EVENTS] = {"events.db", DB_READ_UNCOMMITTED},
    [TABLE_ALL] = {"all.db", DB_READ_UNCOMMITTED},
    [TABLE_EVENT_IDS] = {"event_ids.db", DB_READ_UNCOMMITTED},
    [TABLE_COUNTERS] = {"counters.db", DB_MULTIVERSION},
};

enum err
env_err(int db_error)
{
	switch (db_error) {
	case 0:
		return ERR_OK;
	case DB_NOTFOUND:
	case DB_KEYEMPTY:
		return ERR_NO_EVENT;
	case DB_KEYEXIST:
		return ERR_TAKEN;
	case DB_LOCK_DEADLOCK:
	case DB_LOCK_NOTGRANTED:
		return ERR_DEADLOCK;
	case DB_RUNRECOVERY:
		return ERR_RECOVERY;
	case DB_REP_HANDLE_DEAD:
	case DB_REP_LOCKOUT:
		return ERR_STALE;
	case DB_REP_UNAVAIL:
		return ERR_NO_MASTER;
	case EACCES: /* what a replica says to a write */
		return ERR_NOT_MASTER;
	case DB_VERSION_MISMATCH:
	case DB_OLD_VERSION:
		return ERR_CORRUPT;
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case ENOMEM:
		return ERR_NO_MEMORY;
	default:
		return ERR_IO;
	}
}

/*
 * Every call that a lockout refuses says so, and is made again.  A replica
 * looks for tables in whatever lies in the data folder, and is astonished.
 */
static bool
is_noise(const struct env *env, const char *text)
{
	static const char *const noise[] = {
	    "BDB3504", "BDB3509", "BDB0178", "BDB0210", "BDB0004 fop_read"};
	size_t i;

	for (i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strncmp(text, noise[i], strlen(noise[i])) == 0)
			return env->group.conf != NULL;
	return false;
}

static void
on_message(const DB_ENV *handle, const char *prefix, const char *text)
{
	struct env *env = handle->app_private;

	(void)prefix;
	if (is_noise(env, text))
		return;
	/* After a panic every call reports it again. */
	if (!env_panicked(env) &&
	    log_burst_admit(&env->messages, clock_mono_ms()))
		log_warn("library", "%s", text);
}

/* Called by whichever thread met the event; may not call the library. */
static void
on_event(DB_ENV *handle, uint32_t event, void *info)
{
	struct env *env = handle->app_private;

	(void)info;
	if (event == DB_EVENT_PANIC && !atomic_exchange(&env->panicked, true))
		log_warn("store", "the environment needs recovery");
	if (event == DB_EVENT_REP_LOCAL_SITE_REMOVED)
		atomic_store(&env->is_out, true);
	group_note_event(event);
	if (env->group.on_change != NULL)
		env->group.on_change(env->group.arg);
}

/* The environment of this process, for those whom the library tells nothing. */
static struct env *_Atomic present;

/*
 * In place of the library's own: 5.3.28 calls fdatasync again when it failed,
 * reports the failure, and then lets the next commit try its luck.
 */
static int
flush(int fd)
{
	struct env *env = atomic_load(&present);
	int r = flush_fd(fd);

	if (r != 0 && env != NULL)
		env_panic(env);
	return r;
}

/*
 * When the log cannot be written, 5.3.28 makes an abort of the commit in its
 * buffer.  It looks for it in the file if it stands first in the buffer
 * (__log_flush_commit), reads what is not there, and overruns its memory.  A
 * panic keeps it from that; recovery drops the buffer.
 */
static ssize_t
write_at(int fd, const void *p, size_t n, off_t offset)
{
	struct env *env = atomic_load(&present);
	ssize_t done = pwrite(fd, p, n, offset);
	int error = done < 0 ? errno : ENOSPC;

	if (done == (ssize_t)n || env == NULL ||
	    !flush_is_log(fd, "writing", error))
		return done;
	env_panic(env);
	errno = error;
	return -1;
}

/* The library's, but for the spare. */
static int
open_file(const char *path, int flags, ...)
{
	struct env *env = atomic_load(&present);
	va_list ap;
	int mode, r;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if ((flags & O_CREAT) != 0 && (r = spare_take(path)) != 0) {
		if (env != NULL)
			env_panic(env);
		errno = r;
		return -1;
	}
	return open(path, flags | O_CLOEXEC, (mode_t)mode);
}

static int
configure_limits(DB_ENV *h, const struct env_options *o)
{
	int r;

	if ((r = h->set_cachesize(h, (uint32_t)(o->cache_bytes >> 30),
		 (uint32_t)(o->cache_bytes & ((1u << 30) - 1)), 1)) != 0)
		return r;
	if ((r = h->set_lg_bsize(h, LOG_BUFFER_BYTES)) != 0)
		return r;
	if ((r = h->set_lg_max(h, ENV_LOG_FILE_BYTES)) != 0)
		return r;
	if ((r = h->set_lk_max_locks(h, MAX_LOCKS)) != 0)
		return r;
	if ((r = h->set_lk_max_objects(h, MAX_LOCKS)) != 0)
		return r;
	if ((r = h->set_lk_max_lockers(h, MAX_TRANSACTIONS)) != 0)
		return r;
	if ((r = h->set_tx_max(h, MAX_TRANSACTIONS)) != 0)
		return r;
	return h->set_lk_detect(h, DB_LOCK_MINWRITE);
}

/*
 * Recovery takes any error at a record for the end of the log (5.3.28:
 * __log_recover): that it could not be read, or that memory did not suffice.
 * What comes behind is lost then.  So who recovers ends where these do.
 */
static ssize_t
read_or_end(int fd, void *p, size_t n, off_t offset)
{
	size_t done = 0;
	ssize_t r;

	do {
		r = pread(fd, (char *)p + done, n - done, offset + (off_t)done);
		done += r > 0 ? (size_t)r : 0;
	} while ((r > 0 && done < n) || (r < 0 && errno == EINTR));
	if (r >= 0)
		return (ssize_t)done;
	if (flush_is_log(fd, "reading", errno))
		abort();
	return -1;
}

static int
insist(bool on)
{
	int r;

	if ((r = db_env_set_func_malloc(on ? xmalloc : malloc)) != 0 ||
	    (r = db_env_set_func_realloc(on ? xrealloc : realloc)) != 0)
		return r;
	return db_env_set_func_pread(on ? read_or_end : pread);
}

/* 5.3.28 falls over what it has not made when memory does not suffice. */
static int
create_handle(struct env *env)
{
	int r;

	if ((r = insist(true)) == 0)
		r = db_env_create(&env->handle, 0);
	insist(false);
	return r;
}

static int
configure(struct env *env, const struct env_options *o)
{
	DB_ENV *h = env->handle;
	int r;

	h->app_private = env;
	atomic_store(&present, env);
	if ((r = db_env_set_func_fsync(flush)) != 0 ||
	    (r = db_env_set_func_pwrite(write_at)) != 0 ||
	    (r = db_env_set_func_open(open_file)) != 0)
		return r;
	h->set_errcall(h, on_message);
	if ((r = h->set_event_notify(h, on_event)) != 0)
		return r;
	if (!o->sync && (r = h->set_flags(h, DB_TXN_WRITE_NOSYNC, 1)) != 0)
		return r;
	if (o->group != NULL && (r = group_configure(h, o->group)) != 0)
		return r;
	return configure_limits(h, o);
}

static int
open_environment(struct env *env, const struct env_options *o)
{
	uint32_t flags = DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
			 DB_INIT_LOCK | DB_THREAD;
	int r;

	if (o->group != NULL)
		flags |= DB_INIT_REP;
	if (o->recover)
		flags |= DB_CREATE |
			 (o->from_backup ? DB_RECOVER_FATAL : DB_RECOVER);
	if (o->recover && (r = insist(true)) != 0)
		return r;
	r = env->handle->open(env->handle, o->dir, flags, 0600);
	if (o->recover)
		insist(false);
	return r;
}

static int
open_table(struct env *env, enum table t, bool create)
{
	uint32_t flags = DB_AUTO_COMMIT | DB_THREAD | tables[t].flags;
	DB *db;
	int r;

	if ((r = db_create(&db, env->handle, 0)) != 0)
		return r;
	if (create)
		flags |= DB_CREATE;
	if ((r = db->set_pagesize(db, ENV_PAGE_BYTES)) == 0)
		r = db->open(
		    db, NULL, tables[t].file, NULL, DB_BTREE, flags, 0600);
	if (r == 0)
		env->tables[t] = db;
	else
		db->close(db, DB_NOSYNC);
	return r;
}

static int
open_tables(struct env *env, bool create)
{
	enum table t;
	int r = 0;

	for (t = 0; r == 0 && t < TABLES; t++)
		if (env->tables[t] == NULL)
			r = open_table(env, t, create);
	return r;
}

static void
begin_anew(struct env *env)
{
	atomic_store(
	    &env->since, env->group.conf != NULL ? clock_mono_ms() : 0);
}

void
env_close_tables(struct env *env)
{
	enum table t;

	for (t = 0; t < TABLES; t++) {
		if (env->tables[t] != NULL)
			env->tables[t]->close(env->tables[t], DB_NOSYNC);
		env->tables[t] = NULL;
	}
	defaults_cache_forget(env->defaults);
	begin_anew(env);
}

static int
open_all(struct env *env, const struct env_options *o)
{
	int r;

	if ((r = create_handle(env)) != 0)
		return r;
	if ((r = configure(env, o)) != 0)
		return r;
	if (o->recover &&
	    ((r = regions_check_room(o->dir, o->cache_bytes)) != 0 ||
		(r = flush_logs(o->dir)) != 0))
		return r;
	if (o->recover && o->group != NULL)
		spare_remove(o->dir);
	if ((r = open_environment(env, o)) != 0)
		return r;
	regions_find(&env->regions, o->dir);
	if (o->recover && (r = regions_reserve(&env->regions, o->dir)) != 0)
		return r;
	return o->group == NULL ? open_tables(env, o->recover) : 0;
}

/* The library that runs must be the one we were compiled for. */
static bool
version_fits(void)
{
	int major, minor, patch;
	const char *text = db_version(&major, &minor, &patch);

	if (major == DB_VERSION_MAJOR && minor == DB_VERSION_MINOR)
		return true;
	log_error("store", "built for Berkeley DB %d.%d, running with %s",
	    DB_VERSION_MAJOR, DB_VERSION_MINOR, text);
	return false;
}

/* It could not be begun because of e.  See env_close() for ERR_STALE. */
static enum err
give_up(struct env *env, enum err e)
{
	if (e != ERR_RECOVERY && !env_panicked(env))
		return env_close(&env) == ERR_STALE ? ERR_STALE : e;
	env_abandon(&env);
	return e;
}

/* A worker takes part in the group from the beginning. */
static enum err
begin(struct env **out, struct env *env)
{
	enum err e = ERR_OK;

	if (env->group.conf != NULL && !env->group.is_agent)
		e = group_start(env, &env->group);
	if (e != ERR_OK)
		return give_up(env, e);
	*out = env;
	return ERR_OK;
}

enum err
env_open(struct env **out, const struct env_options *o)
{
	struct env *env;
	int r;

	if (!version_fits())
		return ERR_CORRUPT;
	env = xcalloc(1, sizeof(*env));
	env->defaults = defaults_cache_new();
	if (o->group != NULL)
		env->group = *o->group;
	env->messages = (struct log_burst){.mutex = PTHREAD_MUTEX_INITIALIZER,
	    .topic = "library",
	    .what = "messages",
	    .period_ms = 1000,
	    .most = MESSAGES_PER_S};
	begin_anew(env);
	env_use_snapshots(env, o->group == NULL);
	env->is_synced = o->sync;
	if ((r = open_all(env, o)) == 0)
		return begin(out, env);
	log_error("store", "opening %s: %s", o->dir, db_strerror(r));
	/* EACCES is not about roles here. */
	return give_up(env, r == EACCES ? ERR_IO : env_err(r));
}

enum err
env_open_tables(struct env *env, bool create)
{
	int r;

	if ((r = open_tables(env, create)) == 0)
		return ERR_OK;
	if (r == ENOENT || r == DB_REP_LOCKOUT || r == DB_REP_HANDLE_DEAD ||
	    r == DB_LOCK_DEADLOCK || (r == EACCES && create))
		return ERR_UNAVAILABLE;
	if (r == EINVAL && env->group.conf != NULL)
		return ERR_RECOVERY; /* opened without versions, BDB3041 */
	log_error("store", "opening the tables: %s", db_strerror(r));
	return env_err(r);
}

const struct group_options *
env_group_options(struct env *env)
{
	return env->group.conf == NULL ? NULL : &env->group;
}

/*
 * A DB_ENV that is opened or closed while replication locks everybody out, and
 * DB_REP_CONF_NOWAIT is set, leaves the environment with a wrong count of who
 * is inside (5.3.28: __env_refresh calls __env_db_rep_exit whether
 * __env_rep_enter succeeded or not), and the next lockout waits for ever.
 * Without NOWAIT every call would wait in steps of 5 s instead.
 */
enum err
env_close(struct env **envp)
{
	struct env *env = *envp;
	int r = 0;

	if (env == NULL)
		return ERR_OK;
	env_close_tables(env);
	if (env->handle != NULL &&
	    (r = env->handle->close(env->handle, 0)) != 0)
		log_warn("store", "closing: %s", db_strerror(r));
	atomic_store(&present, NULL);
	defaults_cache_free(&env->defaults);
	free(env);
	*envp = NULL;
	return r == DB_REP_LOCKOUT ? ERR_STALE : ERR_OK;
}

void
env_abandon(struct env **envp)
{
	struct env *env = *envp;

	if (env == NULL)
		return;
	atomic_store(&env->panicked, true);
	if (env->handle != NULL) {
		env_panic(env);
		/* Closes the files; frees nothing that is shared (5.3.28:
		 * __env_close_pp returns at its PANIC_CHECK). */
		env->handle->close(env->handle, 0);
	}
	atomic_store(&present, NULL);
	regions_unmap(&env->regions);
	defaults_cache_free(&env->defaults);
	/* Not freed: the library's handles, which point back at env. */
	*envp = NULL;
}

void
env_panic(struct env *env)
{
	atomic_store(&env->panicked, true);
	env->handle->set_flags(env->handle, DB_PANIC_ENVIRONMENT, 1);
}

bool
env_panicked(const struct env *env)
{
	return atomic_load(&env->panicked);
}

bool
env_is_out(const struct env *env)
{
	return atomic_load(&env->is_out);
}

int64_t
env_since(struct env *env)
{
	return atomic_load(&env->since);
}

struct defaults_cache *
env_defaults(struct env *env)
{
	return env->defaults;
}

bool
env_is_sound(struct env *env)
{
	uint32_t flags = 0;

	return env->handle->get_flags(env->handle, &flags) == 0 &&
	       (flags & DB_PANIC_ENVIRONMENT) == 0;
}

bool
env_is_synced(const struct env *env)
{
	return env->is_synced;
}

DB_ENV *
env_handle(struct env *env)
{
	return env->handle;
}

bool
env_has_versions(enum table t)
{
	return tables[t].flags == DB_MULTIVERSION;
}

bool
env_may_have_snapshots(struct env *env)
{
	return !atomic_load_explicit(&env->is_replica, memory_order_relaxed);
}

void
env_use_snapshots(struct env *env, bool may)
{
	atomic_store(&env->is_replica, !may);
}

DB *
env_table(struct env *env, enum table t)
{
	return env->tables[t];
}

bool
env_has_room(struct env *env, uint64_t bytes)
{
	struct statvfs disk;
	const char *dir;

	return env->handle->get_home(env->handle, &dir) != 0 ||
	       statvfs(dir, &disk) != 0 ||
	       (uint64_t)disk.f_bavail * disk.f_frsize >= bytes;
}

bool
env_disk_is_full(struct env *env)
{
	return !env_has_room(env, LITTLE_ROOM);
}

enum err
env_checkpoint(struct env *env, uint32_t kbytes)
{
	return env_err(env->handle->txn_checkpoint(
	    env->handle, kbytes, 0, kbytes == 0 ? DB_FORCE : 0));
}

const char *
env_table_file(enum table t)
{
	return tables[t].file;
}

uint64_t
env_table_bytes(struct env *env, enum table t)
{
	DB *db = env->tables[t];
	DB_BTREE_STAT *stat;
	uint64_t n;
	int r;

	if ((r = db->stat(db, NULL, &stat, DB_FAST_STAT)) != 0) {
		log_warn("store", "%s: %s", tables[t].file, db_strerror(r));
		return 0;
	}
	n = (uint64_t)stat->bt_pagecnt * stat->bt_pagesize;
	free(stat);
	return n;
}

enum err
env_verify_file(const char *dir, enum table t)
{
	char *path = xasprintf("%s/%s", dir, tables[t].file);
	DB *db;
	int r;

	if ((r = db_create(&db, NULL, 0)) == 0)
		r = db->verify(db, path, NULL, NULL, 0); /* closes it, too */
	if (r != 0)
		log_warn("store", "%s: %s", path, db_strerror(r));
	free(path);
	return r == DB_VERIFY_BAD ? ERR_CORRUPT : env_err(r);
}

void
env_set_fault(struct env *env, unsigned int nth, int db_error)
{
	env->fault = db_error;
	atomic_store(&env->fault_in, nth);
}

int
env_fault(struct env *env)
{
	if (atomic_load_explicit(&env->fault_in, memory_order_relaxed) == 0)
		return 0;
	return atomic_fetch_sub(&env->fault_in, 1) == 1 ? env->fault : 0;
}
