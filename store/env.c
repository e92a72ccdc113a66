#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
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

#define LOG_BUFFER_BYTES (4u << 20)
#define LOG_FILE_BYTES   (32u << 20)
#define MAX_REGIONS      16

/*
 * Most locks that one transaction may need: a batch of 20,000 events whose
 * ids fall on as many pages, and as much again for those who read.
 */
#define MAX_LOCKS 120000

/* Also the transactions whose page versions a snapshot still reads. */
#define MAX_TRANSACTIONS 20000

/* What the regions take beside the cache, with the limits above. */
#define REGION_BYTES ((uint64_t)96 << 20)

/* A disk that is full has the library say so for every page in the cache. */
#define MESSAGES_PER_S 20

/* Less than this is as good as nothing: the buffer may be written at once. */
#define LITTLE_ROOM LOG_BUFFER_BYTES

struct region {
	unsigned int number; /* its file is __db.NNN */
	unsigned long from, to;
};

struct env {
	DB_ENV *handle;
	DB *tables[TABLES];
	struct defaults_cache *defaults;
	atomic_bool panicked;
	atomic_llong second;  /* in which the last message came */
	atomic_uint messages; /* in that second */
	struct region regions[MAX_REGIONS];
	unsigned int nregions;
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

static bool
is_flood(struct env *env)
{
	int64_t second = clock_mono_ms() / 1000;

	if (atomic_exchange(&env->second, second) != second)
		atomic_store(&env->messages, 0);
	return atomic_fetch_add(&env->messages, 1) >= MESSAGES_PER_S;
}

static void
on_message(const DB_ENV *handle, const char *prefix, const char *text)
{
	struct env *env = handle->app_private;

	(void)prefix;
	/* After a panic every call reports it again. */
	if (!env_panicked(env) && !is_flood(env))
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
}

/*
 * Where the library mapped the environment's regions.  It offers no way to
 * leave a panicked environment that also unmaps them, and each would pin a
 * deleted file of the cache's size until the process ends.
 */
static void
find_regions(struct env *env, const char *dir)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *real = realpath(dir, NULL);
	char line[4400], *path;
	struct region rg;
	size_t n;

	while (real != NULL && maps != NULL &&
	       fgets(line, sizeof(line), maps) != NULL) {
		n = strlen(real);
		if ((path = strchr(line, '/')) == NULL ||
		    strncmp(path, real, n) != 0 ||
		    sscanf(path + n, "/__db.%u", &rg.number) != 1 ||
		    sscanf(line, "%lx-%lx", &rg.from, &rg.to) != 2 ||
		    env->nregions == MAX_REGIONS)
			continue;
		env->regions[env->nregions++] = rg;
	}
	free(real);
	if (maps != NULL)
		fclose(maps);
}

/*
 * Give a region's file all the blocks that it may come to need.  The library
 * leaves holes, and a hole that finds the disk full when it is first touched
 * ends the process with SIGBUS.
 */
static int
reserve_region(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return errno;
	r = posix_fallocate(fd, 0, (off_t)len);
	close(fd);
	return r;
}

static int
reserve_regions(const struct env *env, const char *dir)
{
	unsigned int i;
	char *path;
	int r = 0;

	for (i = 0; r == 0 && i < env->nregions; i++) {
		path = xasprintf("%s/__db.%03u", dir, env->regions[i].number);
		r = reserve_region(
		    path, env->regions[i].to - env->regions[i].from);
		free(path);
	}
	return r;
}

/* The blocks that the last environment's regions hold, and give back. */
static uint64_t
reserved_bytes(const char *dir)
{
	uint64_t n = 0;
	struct stat st;
	char *path;
	int i;

	for (i = 1; i <= MAX_REGIONS; i++) {
		path = xasprintf("%s/__db.%03d", dir, i);
		if (stat(path, &st) == 0)
			n += (uint64_t)st.st_blocks * 512;
		free(path);
	}
	return n;
}

/* Recovery fills new regions before they can be reserved. */
static int
check_room(const struct env_options *o)
{
	uint64_t need = o->cache_bytes + o->cache_bytes / 4 + REGION_BYTES;
	uint64_t room = reserved_bytes(o->dir);
	struct statvfs disk;

	if (statvfs(o->dir, &disk) != 0)
		return errno;
	room += (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room >= need)
		return 0;
	log_error("store",
	    "%s: the disk is full: %llu MiB are free, %llu MiB needed; "
	    "make room, or lower cache_mb",
	    o->dir, (unsigned long long)(room >> 20),
	    (unsigned long long)(need >> 20));
	return ENOSPC;
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

	if (done == (ssize_t)n || env == NULL || !flush_is_log(fd, error))
		return done;
	env_panic(env);
	errno = error;
	return -1;
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
	if ((r = h->set_lg_max(h, LOG_FILE_BYTES)) != 0)
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

static int
configure(struct env *env, const struct env_options *o)
{
	DB_ENV *h = env->handle;
	int r;

	h->app_private = env;
	atomic_store(&present, env);
	if ((r = db_env_set_func_fsync(flush)) != 0 ||
	    (r = db_env_set_func_pwrite(write_at)) != 0)
		return r;
	h->set_errcall(h, on_message);
	if ((r = h->set_event_notify(h, on_event)) != 0)
		return r;
	if (!o->sync && (r = h->set_flags(h, DB_TXN_WRITE_NOSYNC, 1)) != 0)
		return r;
	return configure_limits(h, o);
}

static int
open_environment(struct env *env, const struct env_options *o)
{
	uint32_t flags = DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
			 DB_INIT_LOCK | DB_THREAD;

	if (o->recover)
		flags |= DB_CREATE | DB_RECOVER;
	return env->handle->open(env->handle, o->dir, flags, 0600);
}

static int
open_table(struct env *env, enum table t, bool create)
{
	uint32_t flags = DB_AUTO_COMMIT | DB_THREAD | tables[t].flags;
	DB *db;
	int r;

	if ((r = db_create(&db, env->handle, 0)) != 0)
		return r;
	env->tables[t] = db;
	if ((r = db->set_pagesize(db, ENV_PAGE_BYTES)) != 0)
		return r;
	if (create)
		flags |= DB_CREATE;
	return db->open(db, NULL, tables[t].file, NULL, DB_BTREE, flags, 0600);
}

static int
open_all(struct env *env, const struct env_options *o)
{
	enum table t;
	int r;

	if ((r = db_env_create(&env->handle, 0)) != 0)
		return r;
	if ((r = configure(env, o)) != 0)
		return r;
	if (o->recover &&
	    ((r = check_room(o)) != 0 || (r = flush_logs(o->dir)) != 0))
		return r;
	if ((r = open_environment(env, o)) != 0)
		return r;
	find_regions(env, o->dir);
	if (o->recover && (r = reserve_regions(env, o->dir)) != 0)
		return r;
	for (t = 0; t < TABLES; t++)
		if ((r = open_table(env, t, o->recover)) != 0)
			return r;
	return 0;
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

enum err
env_open(struct env **out, const struct env_options *o)
{
	struct env *env;
	int r;

	if (!version_fits())
		return ERR_CORRUPT;
	env = xcalloc(1, sizeof(*env));
	env->defaults = defaults_cache_new();
	if ((r = open_all(env, o)) == 0) {
		*out = env;
		return ERR_OK;
	}
	log_error("store", "opening %s: %s", o->dir, db_strerror(r));
	if (env_panicked(env) || r == DB_RUNRECOVERY)
		env_abandon(&env);
	else
		env_close(&env);
	return env_err(r);
}

void
env_close(struct env **envp)
{
	struct env *env = *envp;
	enum table t;
	int r;

	if (env == NULL)
		return;
	for (t = 0; t < TABLES; t++)
		if (env->tables[t] != NULL)
			env->tables[t]->close(env->tables[t], DB_NOSYNC);
	if (env->handle != NULL &&
	    (r = env->handle->close(env->handle, 0)) != 0)
		log_warn("store", "closing: %s", db_strerror(r));
	atomic_store(&present, NULL);
	defaults_cache_free(&env->defaults);
	free(env);
	*envp = NULL;
}

void
env_abandon(struct env **envp)
{
	struct env *env = *envp;
	unsigned int i;

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
	for (i = 0; i < env->nregions; i++)
		munmap((void *)env->regions[i].from,
		    env->regions[i].to - env->regions[i].from);
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

DB *
env_table(struct env *env, enum table t)
{
	return env->tables[t];
}

bool
env_disk_is_full(struct env *env)
{
	struct statvfs disk;
	const char *dir;

	return env->handle->get_home(env->handle, &dir) == 0 &&
	       statvfs(dir, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < LITTLE_ROOM;
}

enum err
env_checkpoint(struct env *env, uint32_t kbytes)
{
	return env_err(env->handle->txn_checkpoint(
	    env->handle, kbytes, 0, kbytes == 0 ? DB_FORCE : 0));
}

enum err
env_remove_logs(struct env *env, unsigned int *n)
{
	DB_ENV *h = env->handle;
	char **names = NULL, **name;
	int r;

	*n = 0;
	if ((r = h->log_archive(h, &names, DB_ARCH_ABS)) != 0)
		return env_err(r);
	if (names == NULL)
		return ERR_OK;
	for (name = names; *name != NULL; name++)
		if (remove(*name) == 0)
			++*n;
		else
			log_warn(
			    "store", "removing %s: %s", *name, strerror(errno));
	free(names);
	return ERR_OK;
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
