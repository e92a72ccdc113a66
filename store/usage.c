#include "config.h"

#include <db.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/clock.h"
#include "store/env.h"
#include "store/store.h"
#include "store/usage.h"

static void
look_at_disk(struct usage *u, const char *dir)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) != 0)
		return;
	u->disk_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
	u->disk_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
}

static uint64_t
log_bytes(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	struct stat st;
	uint64_t n = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL)
		if (strncmp(entry->d_name, "log.", 4) == 0 &&
		    fstatat(dirfd(d), entry->d_name, &st, 0) == 0)
			n += (uint64_t)st.st_size;
	closedir(d);
	return n;
}

static enum err
look_at_cache(struct usage *u, DB_ENV *h)
{
	DB_MPOOL_STAT *stat;
	int r;

	if ((r = h->memp_stat(h, &stat, NULL, 0)) != 0)
		return env_err(r);
	u->cache_hits = (uint64_t)stat->st_cache_hit;
	u->cache_misses = (uint64_t)stat->st_cache_miss;
	free(stat);
	return ERR_OK;
}

static enum err
look_at_checkpoint(struct usage *u, DB_ENV *h)
{
	DB_TXN_STAT *stat;
	int r;

	if ((r = h->txn_stat(h, &stat, 0)) != 0)
		return env_err(r);
	u->checkpoint_s = (int64_t)stat->st_time_ckp;
	free(stat);
	return ERR_OK;
}

static enum err
look_inside(struct usage *u, struct env *env)
{
	enum table t;
	enum err e;

	for (t = 0; t < TABLES; t++)
		u->table_bytes += env_table_bytes(env, t);
	if ((e = look_at_cache(u, env_handle(env))) != ERR_OK)
		return e;
	return look_at_checkpoint(u, env_handle(env));
}

enum err
usage_read(struct store *st, struct usage *u)
{
	const char *dir = store_dir(st);
	struct env *env;
	enum err e;

	*u = (struct usage){.table_bytes = 0};
	look_at_disk(u, dir);
	if (!store_is_open(st))
		return ERR_UNAVAILABLE;
	if ((e = store_enter(st, clock_mono_ms(), &env)) != ERR_OK)
		return e;
	e = look_inside(u, env);
	store_exit(st, e);
	if (e != ERR_OK)
		return ERR_UNAVAILABLE;
	u->log_bytes = log_bytes(dir);
	return ERR_OK;
}
