#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster-agent/archivist.h"
#include "store/alloc.h"
#include "store/backup.h"
#include "store/clock.h"
#include "store/keeper.h"
#include "store/log.h"
#include "store/store.h"

#define FILE_NAME "backed_up"

struct archivist {
	struct archivist_options options;
	pthread_t thread;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	bool is_yielded;
	bool is_running; /* or just asked for */
	bool full;
	int64_t begun; /* ticks */
	bool is_increment;
	uint64_t bytes, all;
	json_t *last; /* NULL: there was none */
};

static json_t *
time_text(int64_t ticks)
{
	char text[CLOCK_TEXT_SIZE];

	clock_print(text, ticks);
	return json_string(text);
}

static char *
last_path(const struct archivist *a)
{
	return xasprintf("%s/" FILE_NAME, a->options.data);
}

static void
read_last(struct archivist *a)
{
	char *path = last_path(a);

	a->last = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(a->last)) {
		json_decref(a->last);
		a->last = NULL;
	}
	free(path);
}

static void
write_last(const struct archivist *a, const json_t *last)
{
	char *path = last_path(a);

	if (json_dump_file(last, path, JSON_COMPACT) != 0)
		log_warn("backup", "writing %s: %s", path, strerror(errno));
	free(path);
}

/* A backup_progress_f. */
static bool
show_progress(void *arg, const struct backup *b)
{
	struct archivist *a = arg;
	bool go_on;

	pthread_mutex_lock(&a->mutex);
	a->is_increment = b->is_increment;
	a->bytes = b->bytes;
	a->all = b->all;
	go_on = !a->stopping;
	pthread_mutex_unlock(&a->mutex);
	return go_on &&
	       (a->options.store == NULL || store_is_open(a->options.store));
}

static enum err
enter(struct archivist *a, struct backup *b)
{
	struct store *st = a->options.store;
	enum err e;

	b->env = a->options.env;
	if (st == NULL)
		return ERR_OK;
	if ((e = store_enter(st, store_deadline(st), &b->env)) != ERR_OK)
		snprintf(b->why, sizeof(b->why),
		    "This node does not have the store yet.");
	return e;
}

static enum err
copy(struct archivist *a, struct backup *b)
{
	enum err e;

	if ((e = enter(a, b)) != ERR_OK)
		return e;
	keeper_hold_logs(a->options.keeper);
	e = backup_run(b);
	keeper_release_logs(a->options.keeper);
	if (a->options.store != NULL)
		store_exit(a->options.store, e);
	return e;
}

static void
log_backup(const struct backup *b, enum err e)
{
	if (e == ERR_OK)
		log_info("backup", "%s: %s, bytes=%llu", b->dir,
		    b->is_increment ? "increment" : "full",
		    (unsigned long long)b->bytes);
	else
		log_warn("backup", "broken off: %s", b->why);
}

static json_t *
outcome(const struct archivist *a, const struct backup *b, enum err e)
{
	json_t *why = json_null();

	/* What was cut off within a character is no string. */
	if (e != ERR_OK && (why = json_string(b->why)) == NULL)
		why = json_string(err_text(e));
	return json_pack("{s:o, s:o, s:b, s:I, s:o}", "begunAt",
	    time_text(a->begun), "endedAt", time_text(clock_now_ticks()),
	    "isIncrement", b->is_increment, "bytes", (json_int_t)b->bytes,
	    "error", why);
}

static void
make_backup(struct archivist *a)
{
	struct backup b = {.data = a->options.data,
	    .dir = a->options.folder,
	    .full = a->full,
	    .full_if_due = true,
	    .on_progress = show_progress,
	    .arg = a};
	enum err e = copy(a, &b);
	json_t *last = outcome(a, &b, e);

	log_backup(&b, e);
	write_last(a, last);
	pthread_mutex_lock(&a->mutex);
	json_decref(a->last);
	a->last = last;
	a->is_running = false;
	pthread_mutex_unlock(&a->mutex);
}

/* False when it is time to stop. */
static bool
await_wish(struct archivist *a)
{
	bool go_on;

	pthread_mutex_lock(&a->mutex);
	while (!a->stopping && !a->is_running)
		pthread_cond_wait(&a->changed, &a->mutex);
	go_on = !a->stopping;
	pthread_mutex_unlock(&a->mutex);
	return go_on;
}

static void *
back_up_on(void *arg)
{
	struct archivist *a = arg;

	while (await_wish(a))
		make_backup(a);
	return NULL;
}

struct archivist *
archivist_start(const struct archivist_options *o)
{
	struct archivist *a = xcalloc(1, sizeof(*a));

	a->options = *o;
	read_last(a);
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (pthread_create(&a->thread, NULL, back_up_on, a) != 0) {
		log_error("backup", "cannot start a thread");
		abort();
	}
	return a;
}

void
archivist_stop(struct archivist **ap)
{
	struct archivist *a = *ap;

	if (a == NULL)
		return;
	pthread_mutex_lock(&a->mutex);
	a->stopping = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->mutex);
	json_decref(a->last);
	free(a);
	*ap = NULL;
}

/* The mutex is held. */
static void
begin(struct archivist *a, bool full)
{
	a->is_running = true;
	a->full = full;
	a->begun = clock_now_ticks();
	a->is_increment = false;
	a->bytes = a->all = 0;
	pthread_cond_broadcast(&a->changed);
}

enum err
archivist_ask(struct archivist *a, bool full)
{
	enum err e = ERR_OK;

	if (a->options.folder == NULL)
		return ERR_INVALID;
	pthread_mutex_lock(&a->mutex);
	if (a->is_running)
		e = ERR_TAKEN;
	else if (a->is_yielded)
		e = ERR_BUSY;
	else
		begin(a, full);
	pthread_mutex_unlock(&a->mutex);
	return e;
}

/* The mutex is held. */
static json_t *
running(const struct archivist *a)
{
	json_t *all =
	    a->all > 0 ? json_integer((json_int_t)a->all) : json_null();

	return json_pack("{s:o, s:b, s:I, s:o}", "begunAt", time_text(a->begun),
	    "isIncrement", a->is_increment, "bytes", (json_int_t)a->bytes,
	    "bytesExpected", all);
}

json_t *
archivist_report(struct archivist *a)
{
	json_t *report;

	pthread_mutex_lock(&a->mutex);
	report = json_pack("{s:s?, s:o, s:O?}", "folder", a->options.folder,
	    "running", a->is_running ? running(a) : json_null(), "last",
	    a->last);
	pthread_mutex_unlock(&a->mutex);
	return report;
}

bool
archivist_yield(struct archivist *a)
{
	bool yields;

	pthread_mutex_lock(&a->mutex);
	if ((yields = !a->is_running && !a->is_yielded))
		a->is_yielded = true;
	pthread_mutex_unlock(&a->mutex);
	return yields;
}

void
archivist_resume(struct archivist *a)
{
	pthread_mutex_lock(&a->mutex);
	a->is_yielded = false;
	pthread_mutex_unlock(&a->mutex);
}
