#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env.h"
#include "store/env_log.h"
#include "store/log.h"
#include "store/spare.h"

/* It is time when so much of the present one is used; and the room for so many
 * must be there. */
#define SPARE_FROM (ENV_LOG_FILE_BYTES / 4)
#define SPARE_ROOM 4

/* The number in the name of a log file, log.NNNNNNNNNN. */
static uint32_t
log_number(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? 0 : (uint32_t)strtoul(dot + 1, NULL, 10);
}

static bool
remove_log(const char *path)
{
	if (remove(path) == 0)
		return true;
	log_warn("store", "removing %s: %s", path, strerror(errno));
	return false;
}

static bool
is_needed(const struct env_log_need *need, uint32_t number, uint64_t bytes)
{
	if (bytes <= need->backup_bytes)
		return true;
	return number >= need->from_file && bytes <= need->keep_bytes;
}

/*
 * Files are named in the order in which they were written.  None is removed
 * behind one that cannot be: the library finds no file before a gap, so that
 * one would stay for ever.
 */
static unsigned int
remove_unneeded(char **names, const struct env_log_need *need)
{
	unsigned int i, n;

	for (n = 0; names[n] != NULL; n++)
		continue;
	for (i = 0; i < n; i++)
		if (is_needed(need, log_number(names[i]),
			(uint64_t)(n - i) * ENV_LOG_FILE_BYTES) ||
		    !remove_log(names[i]))
			break;
	return i;
}

enum err
env_remove_logs(
    struct env *env, const struct env_log_need *need, unsigned int *n)
{
	DB_ENV *h = env_handle(env);
	char **names = NULL;
	int r;

	*n = 0;
	if ((r = h->log_archive(h, &names, DB_ARCH_ABS)) != 0)
		return r == DB_REP_LOCKOUT ? ERR_OK : env_err(r);
	if (names != NULL)
		*n = remove_unneeded(names, need);
	free(names);
	return ERR_OK;
}

static bool
is_time(struct env *env)
{
	DB_ENV *h = env_handle(env);
	DB_LOG_STAT *stat;
	bool is;

	if (h->log_stat(h, &stat, 0) != 0)
		return false;
	is = stat->st_cur_offset >= SPARE_FROM;
	free(stat);
	return is;
}

enum err
env_prepare_log(struct env *env)
{
	DB_ENV *h = env_handle(env);
	const char *dir;
	int r;

	if (env_group_options(env) != NULL || h->get_home(h, &dir) != 0 ||
	    spare_is_there(dir) || !is_time(env) ||
	    !env_has_room(env, (uint64_t)SPARE_ROOM * ENV_LOG_FILE_BYTES))
		return ERR_OK;
	if ((r = spare_make(dir, ENV_LOG_FILE_BYTES)) == 0)
		return ERR_OK;
	log_warn("store", "making the next log file: %s", strerror(r));
	return env_err(r);
}
