#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/backup.h"
#include "store/clock.h"
#include "store/env_copy.h"
#include "store/files.h"
#include "store/manifest.h"

struct work {
	struct backup *b;
	struct manifest old, next;
	bool has_old;
	char *folder; /* of next */
};

static enum err fail(struct work *, enum err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum err
fail(struct work *w, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->b->why, sizeof(w->b->why), fmt, ap);
	va_end(ap);
	return e;
}

/* What a file operation ended with. */
static enum err
fail_file(struct work *w, const char *path, int error)
{
	if (error == ECANCELED)
		return fail(w, ERR_UNAVAILABLE,
		    "The store is being recovered, or the agent stops.");
	return fail(w, error == ENOSPC ? ERR_DISK_FULL : ERR_IO, "%s: %s.",
	    path, strerror(error));
}

/* What the library or the store ended with. */
static enum err
fail_store(struct work *w, enum err e)
{
	return e == ERR_OK
		   ? e
		   : fail(w, e, "The store cannot be copied: %s.", err_text(e));
}

/* A files_step_f. */
static bool
step(void *arg, uint64_t n)
{
	struct work *w = arg;
	struct backup *b = w->b;

	b->bytes += n;
	return b->on_progress == NULL || b->on_progress(b->arg, b);
}

/* Whether a name is one of those that a backup that was broken off leaves. */
static bool
is_ours(const char *name)
{
	const size_t n = sizeof(MANIFEST_FOLDER) - 1;

	if (strcmp(name, MANIFEST_FILE ".new") == 0)
		return true;
	return strncmp(name, MANIFEST_FOLDER, n) == 0 &&
	       name[n + strspn(name + n, "0123456789")] == '\0';
}

/* A files_filter_f: nothing else is ever removed. */
static bool
is_copied(const char *name)
{
	const char *end = strrchr(name, '.');

	return strncmp(name, "log.", 4) == 0 ||
	       (end != NULL && strcmp(end, ".db") == 0);
}

struct look {
	const char *dir;
	const char *keep; /* this name is right */
	bool remove;
	bool has_others;
	int error;
};

static bool
look_at_name(void *arg, const char *name)
{
	struct look *l = arg;
	char *path;

	if (strcmp(name, MANIFEST_FILE) == 0 || strcmp(name, l->keep) == 0)
		return true;
	if (!is_ours(name)) {
		l->has_others = true;
		return true;
	}
	if (!l->remove)
		return true;
	path = xasprintf("%s/%s", l->dir, name);
	if (strcmp(name, MANIFEST_FILE ".new") == 0)
		l->error = remove(path) == 0 ? 0 : errno;
	else
		l->error = files_remove_dir(path, is_copied);
	free(path);
	return l->error == 0;
}

/* Remove what belongs to no backup, or to none any more. */
static enum err
tidy(struct work *w, const struct manifest *kept)
{
	char keep[32] = "";
	struct look l = {.dir = w->b->dir, .keep = keep, .remove = true};
	int r;

	if (kept != NULL)
		snprintf(
		    keep, sizeof(keep), MANIFEST_FOLDER "%u", kept->folder);
	r = files_each(w->b->dir, look_at_name, &l);
	if (r == 0)
		r = l.error;
	return r == 0 ? ERR_OK : fail_file(w, w->b->dir, r);
}

static enum err
open_dir(struct work *w)
{
	struct look l = {.dir = w->b->dir, .keep = ""};
	char why[MANIFEST_WHY_SIZE];
	enum err e;
	int r;

	if ((r = files_make_dir(w->b->dir)) != 0 ||
	    (r = files_each(w->b->dir, look_at_name, &l)) != 0)
		return fail_file(w, w->b->dir, r);
	e = manifest_read(&w->old, w->b->dir, why);
	w->has_old = e == ERR_OK;
	if (e != ERR_OK && e != ERR_NO_EVENT)
		return fail(w, e, "%s: %s", w->b->dir, why);
	if (!w->has_old && l.has_others)
		return fail(w, ERR_INVALID,
		    "%s holds other files and no backup: name a new or an "
		    "empty folder.",
		    w->b->dir);
	return ERR_OK;
}

static enum err
copy_table(struct work *w, enum table t)
{
	struct env_copy c = {
	    .table = t, .to = w->folder, .step = step, .arg = w};
	enum err e = env_copy_table(w->b->env, &c);

	w->next.tables[t] = c.n;
	return e == ERR_OK ? e
			   : fail(w, e, "%s cannot be copied to %s: %s.",
				 env_table_file(t), w->folder, err_text(e));
}

/* The whole of a log file, or of the last one what is known to be written. */
static enum err
copy_log(struct work *w, uint32_t file, uint64_t at)
{
	char *from = env_copy_log_path(w->b->data, file);
	char *to = env_copy_log_path(w->folder, file);
	char *both = xasprintf("%s to %s", from, to);
	struct files_part part = {
	    .from = from, .to = to, .at = at, .step = step, .arg = w};
	enum err e = ERR_OK;
	int r;

	r = files_size(from, &part.end);
	if (file == w->next.last_log)
		part.end = w->next.last_bytes;
	if (r == 0)
		r = files_copy(&part);
	if (r != 0)
		e = fail_file(w, both, r);
	free(both);
	free(from);
	free(to);
	return e;
}

/* From byte at of file first on, to where the log ends now. */
static enum err
copy_logs(struct work *w, uint32_t first, uint64_t at)
{
	struct manifest *m = &w->next;
	uint32_t file;
	enum err e;

	m->at = clock_now_ticks();
	e = fail_store(
	    w, env_copy_log_end(w->b->env, &m->last_log, &m->last_bytes));
	for (file = first; e == ERR_OK && file <= m->last_log; file++)
		e = copy_log(w, file, file == first ? at : 0);
	return e;
}

static enum err
finish(struct work *w)
{
	int r;

	if ((r = files_flush_names(w->folder)) != 0)
		return fail_file(w, w->folder, r);
	if ((r = manifest_write(&w->next, w->b->dir)) != 0)
		return fail_file(w, w->b->dir, r);
	return tidy(w, &w->next);
}

static uint64_t
count_bytes(struct work *w)
{
	uint64_t all = 0;
	enum table t;

	for (t = 0; t < TABLES; t++)
		all += env_table_bytes(w->b->env, t);
	return all;
}

/* The tables, and only then the log. */
static enum err
copy_all(struct work *w)
{
	struct manifest *m = &w->next;
	enum err e;
	enum table t;
	int r;

	m->folder = w->has_old ? w->old.folder % 1000000 + 1 : 1;
	w->folder = manifest_folder(m, w->b->dir);
	w->b->all = count_bytes(w);
	if ((e = tidy(w, w->has_old ? &w->old : NULL)) != ERR_OK)
		return e;
	if ((r = files_make_dir(w->folder)) != 0)
		return fail_file(w, w->folder, r);
	e = fail_store(w, env_copy_first_log(w->b->env, &m->first_log));
	for (t = 0; t < TABLES && e == ERR_OK; t++)
		e = copy_table(w, t);
	m->full_at = clock_now_ticks();
	if (e == ERR_OK)
		e = copy_logs(w, m->first_log, 0);
	return e == ERR_OK ? finish(w) : e;
}

/* Whether the store's log goes on where the backup's ends. */
static bool
is_continued(struct work *w)
{
	char *ours = env_copy_log_path(w->b->data, w->old.last_log);
	char *theirs = env_copy_log_path(w->folder, w->old.last_log);
	struct files_part part = {
	    .from = ours, .to = theirs, .end = w->old.last_bytes};
	bool is = files_are_same(&part);

	free(ours);
	free(theirs);
	return is;
}

/* All, where an increment was meant to be. */
static enum err
copy_instead(struct work *w)
{
	w->b->is_increment = false;
	free(w->folder);
	return copy_all(w);
}

static enum err
copy_since(struct work *w)
{
	bool continued;
	enum err e;

	w->b->is_increment = true;
	w->folder = manifest_folder(&w->old, w->b->dir);
	if (strcmp(w->old.id, w->next.id) != 0)
		return fail(w, ERR_WRONG_VERSION,
		    "%s is the backup of another store: name another folder, "
		    "or replace it with --full.",
		    w->b->dir);
	continued = is_continued(w);
	if (!continued && w->b->full_if_due)
		return copy_instead(w);
	if (!continued)
		return fail(w, ERR_WRONG_VERSION,
		    "The log since the last backup is not there any more, or "
		    "it took another way: a full backup is needed, with "
		    "--full. See backup_log_mb in rill.json(5).");
	w->next = w->old;
	e = copy_logs(w, w->old.last_log, w->old.last_bytes);
	return e == ERR_OK ? finish(w) : e;
}

static enum err
copy(struct work *w)
{
	enum err e;

	if ((e = open_dir(w)) != ERR_OK)
		return e;
	if ((e = env_copy_id(w->b->env, w->next.id)) != ERR_OK)
		return fail_store(w, e);
	return w->has_old && !w->b->full ? copy_since(w) : copy_all(w);
}

enum err
backup_run(struct backup *b)
{
	struct work w = {.b = b};
	enum err e;

	b->bytes = b->all = 0;
	b->is_increment = false;
	b->why[0] = '\0';
	e = copy(&w);
	free(w.folder);
	return e;
}
