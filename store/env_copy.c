#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/env_copy.h"
#include "store/log.h"

/* The copy that this thread makes: the library hands nothing of ours on. */
static _Thread_local struct env_copy *ours;

static int
on_open(DB_ENV *h, const char *name, const char *dir, void **handle)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? errno : 0;

	(void)h;
	free(path);
	*handle = (void *)(intptr_t)fd;
	ours->n = 0;
	return r;
}

static int
on_write(DB_ENV *h, uint32_t gigs, uint32_t offset, uint32_t size,
    uint8_t *bytes, void *handle)
{
	off_t at = ((off_t)gigs << 30) + offset;
	ssize_t n = pwrite((int)(intptr_t)handle, bytes, size, at);

	(void)h;
	if (n < 0)
		return errno;
	if ((uint32_t)n != size)
		return ENOSPC;
	ours->n = (uint64_t)at + size;
	if (ours->step != NULL && !ours->step(ours->arg, size))
		return ECANCELED;
	return 0;
}

static int
on_close(DB_ENV *h, const char *name, void *handle)
{
	int fd = (int)(intptr_t)handle, r = 0;

	(void)h;
	(void)name;
	if (fd < 0)
		return 0;
	if (fsync(fd) != 0)
		r = errno;
	if (close(fd) != 0 && r == 0)
		r = errno;
	return r;
}

enum err
env_copy_table(struct env *env, struct env_copy *c)
{
	DB_ENV *h = env_handle(env);
	const char *file = env_table_file(c->table);
	int r;

	ours = c;
	if ((r = h->set_backup_callbacks(h, on_open, on_write, on_close)) == 0)
		r = h->dbbackup(h, file, c->to, 0);
	ours = NULL;
	if (r == ECANCELED)
		return ERR_UNAVAILABLE;
	if (r != 0)
		log_error("backup", "copying %s: %s", file, db_strerror(r));
	return env_err(r);
}

enum err
env_copy_id(struct env *env, char id[ENV_ID_SIZE])
{
	DB *db = env_table(env, TABLE_STREAMS);
	DB_MPOOLFILE *file = db->get_mpf(db);
	uint8_t bytes[DB_FILE_ID_LEN];
	int r = file->get_fileid(file, bytes);
	size_t i;

	for (i = 0; r == 0 && i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return env_err(r);
}

static uint32_t
number_of(const char *name)
{
	return (uint32_t)strtoul(name + sizeof("log.") - 1, NULL, 10);
}

/* The files that are not needed any more; or if there are none, the first. */
enum err
env_copy_first_log(struct env *env, uint32_t *file)
{
	DB_ENV *h = env_handle(env);
	char **names = NULL;
	int r = h->log_archive(h, &names, 0);

	*file = 0;
	if (r == 0 && names != NULL)
		for (; names[*file] != NULL; ++*file)
			continue;
	if (r == 0 && *file > 0) {
		*file = number_of(names[*file - 1]) + 1;
	} else if (r == 0 &&
		   (r = h->log_archive(h, &names, DB_ARCH_LOG)) == 0) {
		*file = names == NULL ? 0 : number_of(names[0]);
	}
	free(names);
	return env_err(r);
}

enum err
env_copy_log_end(struct env *env, uint32_t *file, uint64_t *bytes)
{
	DB_ENV *h = env_handle(env);
	DB_LOG_STAT *stat;
	int r;

	if ((r = h->log_flush(h, NULL)) != 0 ||
	    (r = h->log_stat(h, &stat, 0)) != 0)
		return env_err(r);
	/* Behind the last record that is whole on the disk. */
	*file = stat->st_disk_file;
	*bytes = stat->st_disk_offset;
	free(stat);
	return ERR_OK;
}

char *
env_copy_log_path(const char *dir, uint32_t file)
{
	return xasprintf("%s/log.%010" PRIu32, dir, file);
}
