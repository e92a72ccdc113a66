#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/files.h"
#include "store/manifest.h"
#include "store/restore.h"
#include "store/verify.h"

#define MARK     "restoring"
#define GRACE_MS 1000

static enum err fail(struct restore *, enum err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum err
fail(struct restore *r, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return e;
}

static enum err
fail_file(struct restore *r, const char *path, int error)
{
	return fail(r, error == ENOSPC ? ERR_DISK_FULL : ERR_IO, "%s: %s.",
	    path, strerror(error));
}

static enum err
fail_copy(struct restore *r, const struct files_part *part, int error)
{
	if (error == ENOENT || error == ENODATA)
		return fail(r, ERR_CORRUPT,
		    "The backup is damaged: %s is missing or too short.",
		    part->from);
	return fail(r, error == ENOSPC ? ERR_DISK_FULL : ERR_IO,
	    "%s to %s: %s.", part->from, part->to, strerror(error));
}

/* What a store, a cluster's member or a restore leaves in a folder. */
static bool
look_for_store(void *arg, const char *name)
{
	const char *end = strrchr(name, '.');
	bool *found = arg;

	*found = (end != NULL && strcmp(end, ".db") == 0) ||
		 strncmp(name, "log.", 4) == 0 ||
		 strncmp(name, "__db.", 5) == 0 || strcmp(name, "group") == 0 ||
		 strcmp(name, MARK) == 0;
	return !*found;
}

/* Nobody else comes in from here on. */
static enum err
open_data(struct restore *r, struct custody **c)
{
	bool found = false;
	int error;

	if ((error = files_make_dir(r->data)) != 0 ||
	    (error = files_each(r->data, look_for_store, &found)) != 0)
		return fail(r, ERR_IO, "%s: %s.", r->data, strerror(error));
	if (found)
		return fail(r, ERR_TAKEN,
		    "%s holds a store: restore into a new or an empty folder.",
		    r->data);
	if (custody_open(c, r->data) != ERR_OK)
		return fail(r, ERR_IO, "%s: %s.", r->data, strerror(errno));
	if (custody_claim(*c) != ERR_OK)
		return fail(
		    r, ERR_TAKEN, "An agent runs on %s: stop it.", r->data);
	if (custody_seize(*c, GRACE_MS) != ERR_OK)
		return fail(r, ERR_IO, "%s: %s.", r->data, strerror(errno));
	if ((error = files_write(r->data, MARK, "")) != 0)
		return fail(r, ERR_IO, "%s: %s.", r->data, strerror(error));
	return ERR_OK;
}

/* A files_step_f. */
static bool
step(void *arg, uint64_t n)
{
	struct restore *r = arg;

	r->bytes += n;
	if (r->on_progress != NULL)
		r->on_progress(r->arg, r);
	return true;
}

/* n bytes of the file from, or all of it if n is 0. */
static enum err
copy(struct restore *r, const char *from, const char *to, uint64_t n)
{
	struct files_part part = {
	    .from = from, .to = to, .end = n, .step = step, .arg = r};
	int error = n == 0 ? files_size(from, &part.end) : 0;

	if (error == 0)
		error = files_copy(&part);
	return error == 0 ? ERR_OK : fail_copy(r, &part, error);
}

static enum err
copy_table(struct restore *r, const struct manifest *m, enum table t)
{
	char *folder = manifest_folder(m, r->dir);
	char *from = xasprintf("%s/%s", folder, env_table_file(t));
	char *to = xasprintf("%s/%s", r->data, env_table_file(t));
	enum err e = copy(r, from, to, m->tables[t]);

	free(folder);
	free(from);
	free(to);
	return e;
}

static enum err
copy_log(struct restore *r, const struct manifest *m, uint32_t file)
{
	char *folder = manifest_folder(m, r->dir);
	char *from = env_copy_log_path(folder, file);
	char *to = env_copy_log_path(r->data, file);
	enum err e = copy(r, from, to, file == m->last_log ? m->last_bytes : 0);

	free(folder);
	free(from);
	free(to);
	return e;
}

static enum err
copy_all(struct restore *r, const struct manifest *m)
{
	enum err e = ERR_OK;
	uint32_t file;
	enum table t;
	int error;

	for (t = 0; t < TABLES; t++)
		r->all += m->tables[t];
	for (t = 0; t < TABLES && e == ERR_OK; t++)
		e = copy_table(r, m, t);
	for (file = m->first_log; file <= m->last_log && e == ERR_OK; file++)
		e = copy_log(r, m, file);
	if (e == ERR_OK && (error = files_flush_names(r->data)) != 0)
		return fail_file(r, r->data, error);
	return e;
}

/* The tables are of many moments: all of the log is applied to them. */
static enum err
recover(struct restore *r)
{
	struct env_options o = {.dir = r->data,
	    .cache_bytes = r->cache_bytes,
	    .recover = true,
	    .from_backup = true,
	    .sync = true};
	enum err e;

	if ((e = verify_closed(&o, r->verify)) == ERR_OK)
		return ERR_OK;
	return fail(r, e,
	    r->verify->is_recovered
		? "What was restored cannot be verified: %s."
		: "The backup cannot be recovered: %s.",
	    err_text(e));
}

/* What recovery may make again of a cluster's own tables. */
static bool
remove_group_file(void *arg, const char *name)
{
	const struct restore *r = arg;
	char *path = xasprintf("%s/%s", r->data, name);

	if (strncmp(name, "__db.rep", 8) == 0)
		unlink(path);
	free(path);
	return true;
}

static enum err
finish(struct restore *r)
{
	char *mark = xasprintf("%s/" MARK, r->data);
	int error = files_each(r->data, remove_group_file, r);

	if (error == 0)
		error = files_flush_names(r->data);
	if (error == 0 && unlink(mark) != 0)
		error = errno;
	if (error == 0)
		error = files_flush_names(r->data);
	free(mark);
	return error == 0 ? ERR_OK : fail_file(r, r->data, error);
}

enum err
restore_run(struct restore *r)
{
	struct custody *c = NULL;
	char why[MANIFEST_WHY_SIZE];
	struct manifest m;
	enum err e;

	r->bytes = r->all = 0;
	if ((e = manifest_read(&m, r->dir, why)) == ERR_NO_EVENT)
		return fail(r, e,
		    "%s holds no backup, or one that was not finished.",
		    r->dir);
	if (e != ERR_OK)
		return fail(r, e, "%s: %s", r->dir, why);
	r->at = m.at;
	if ((e = open_data(r, &c)) == ERR_OK &&
	    (e = copy_all(r, &m)) == ERR_OK && (e = recover(r)) == ERR_OK)
		e = finish(r);
	custody_close(&c);
	return e;
}

bool
restore_is_unfinished(const char *data)
{
	char *mark = xasprintf("%s/" MARK, data);
	bool is = access(mark, F_OK) == 0;

	free(mark);
	return is;
}
