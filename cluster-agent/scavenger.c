#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cluster-agent/scavenger.h"
#include "cluster-agent/tidier.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"
#include "store/role.h"

#define FILE_NAME     "scavenged"
#define LOOK_EVERY_MS 1000 /* whether it is time for a pass, or to tidy */

struct scavenger {
	struct scavenger_options options;
	struct tidier *tidier;
	pthread_t thread;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	bool wanted;
	bool is_running;
	unsigned int holds; /* who wants nothing to be removed */
	bool compact;       /* in the next one: somebody asked */
	struct scavenger_pass pass;
	struct scavenger_pass last;
};

json_t *
scavenger_report(const struct scavenge *s)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "phase", s->phase == SCAVENGE_REMOVING ? "removing" : "compacting",
	    "streams", (json_int_t)s->streams, "events", (json_int_t)s->events,
	    "bytes", (json_int_t)s->bytes, "ids", (json_int_t)s->ids, "damaged",
	    (json_int_t)s->damaged, "bytesBefore", (json_int_t)s->bytes_before,
	    "bytesAfter", (json_int_t)s->bytes_after, "milliseconds",
	    (json_int_t)s->ms);
}

/* What one pass did, or that the clock for the first one runs. */
static void
write_file(const struct scavenger *sc, json_t *line)
{
	char *path = xasprintf("%s/" FILE_NAME, sc->options.dir);

	if (json_dump_file(line, path, JSON_COMPACT) != 0)
		log_warn("scavenge", "writing %s: %s", path, strerror(errno));
	json_decref(line);
	free(path);
}

/* Replicas are given what the master did. */
static bool
may_scavenge(const struct scavenger *sc)
{
	return sc->options.role == NULL ||
	       role_is_master(sc->options.role, NULL);
}

static bool
is_due(const struct scavenger *sc)
{
	char *path = xasprintf("%s/" FILE_NAME, sc->options.dir);
	int64_t age = 0, hours = (int64_t)sc->options.every_hours;
	struct stat st;

	if (stat(path, &st) == 0)
		age = (int64_t)time(NULL) - (int64_t)st.st_mtime;
	else
		write_file(sc, json_object());
	free(path);
	return hours > 0 && age >= hours * 3600 && may_scavenge(sc);
}

/* Sleep until something changes or the time comes; the mutex is held. */
static void
await_change(struct scavenger *sc, int64_t ms)
{
	struct timespec until = clock_mono_time(clock_mono_ms() + ms);

	pthread_cond_timedwait(&sc->changed, &sc->mutex, &until);
}

/* A pass that is wanted does not wait for the end of it. */
static bool
may_tidy(void *arg)
{
	struct scavenger *sc = arg;
	bool may;

	pthread_mutex_lock(&sc->mutex);
	may =
	    !sc->stopping && !sc->wanted && sc->holds == 0 && may_scavenge(sc);
	pthread_mutex_unlock(&sc->mutex);
	return may;
}

/* Between passes; the mutex is held, but not meanwhile. */
static void
tidy(struct scavenger *sc)
{
	sc->is_running = true;
	pthread_mutex_unlock(&sc->mutex);
	tidier_step(sc->tidier, sc->options.env);
	pthread_mutex_lock(&sc->mutex);
	sc->is_running = false;
	pthread_cond_broadcast(&sc->changed);
}

/* False when it is time to stop. */
static bool
await_pass(struct scavenger *sc)
{
	bool go_on;

	pthread_mutex_lock(&sc->mutex);
	while (!sc->stopping && (!sc->wanted || sc->holds > 0)) {
		if (sc->holds == 0 && is_due(sc)) {
			sc->wanted = true;
			continue;
		}
		await_change(sc, LOOK_EVERY_MS);
		if (!sc->stopping && !sc->wanted && sc->holds == 0 &&
		    may_scavenge(sc))
			tidy(sc);
	}
	go_on = sc->is_running = !sc->stopping;
	if (go_on && sc->pass.is_over)
		sc->pass =
		    (struct scavenger_pass){.number = sc->pass.number + 1};
	pthread_mutex_unlock(&sc->mutex);
	return go_on;
}

static bool
show_progress(void *arg, const struct scavenge *so_far)
{
	struct scavenger *sc = arg;
	bool go_on;

	pthread_mutex_lock(&sc->mutex);
	sc->pass.did = *so_far;
	go_on = !sc->stopping && may_scavenge(sc);
	pthread_mutex_unlock(&sc->mutex);
	return go_on;
}

static void
log_pass(const struct scavenge *s, enum err e)
{
	if (e == ERR_UNAVAILABLE || e == ERR_RECOVERY)
		return; /* the agent stops, or says so itself */
	if (e != ERR_OK)
		log_warn("scavenge", "broken off: %s", err_text(e));
	log_info("scavenge",
	    "events=%llu bytes=%llu streams=%llu files=%llu->%llu ms=%lld",
	    (unsigned long long)s->events, (unsigned long long)s->bytes,
	    (unsigned long long)s->streams, (unsigned long long)s->bytes_before,
	    (unsigned long long)s->bytes_after, (long long)s->ms);
}

static void
make_pass(struct scavenger *sc)
{
	struct scavenge s = {
	    .go_on = show_progress, .arg = sc, .compact = sc->compact};
	enum err e = scavenge_run(sc->options.env, &s);

	log_pass(&s, e);
	/* Also after one that failed: it is not tried without end. */
	if (e != ERR_UNAVAILABLE)
		write_file(sc, scavenger_report(&s));
	pthread_mutex_lock(&sc->mutex);
	sc->wanted = sc->compact = sc->is_running = false;
	sc->pass.did = s;
	sc->pass.outcome = e;
	sc->pass.is_over = true;
	sc->last = sc->pass;
	pthread_cond_broadcast(&sc->changed);
	pthread_mutex_unlock(&sc->mutex);
}

static void *
scavenge_on(void *arg)
{
	struct scavenger *sc = arg;

	while (await_pass(sc))
		make_pass(sc);
	return NULL;
}

struct scavenger *
scavenger_start(const struct scavenger_options *o)
{
	struct scavenger *sc = xcalloc(1, sizeof(*sc));

	sc->options = *o;
	sc->tidier = tidier_new(o->dir, may_tidy, sc);
	sc->pass.is_over = true;
	pthread_mutex_init(&sc->mutex, NULL);
	clock_cond_init(&sc->changed);
	if (pthread_create(&sc->thread, NULL, scavenge_on, sc) != 0) {
		log_error("scavenge", "cannot start a thread");
		abort();
	}
	return sc;
}

void
scavenger_stop(struct scavenger **scp)
{
	struct scavenger *sc = *scp;

	if (sc == NULL)
		return;
	pthread_mutex_lock(&sc->mutex);
	sc->stopping = true;
	pthread_cond_broadcast(&sc->changed);
	pthread_mutex_unlock(&sc->mutex);
	pthread_join(sc->thread, NULL);
	tidier_free(&sc->tidier);
	pthread_cond_destroy(&sc->changed);
	pthread_mutex_destroy(&sc->mutex);
	free(sc);
	*scp = NULL;
}

enum err
scavenger_ask(struct scavenger *sc, uint64_t *number)
{
	enum err e = ERR_OK;

	if (!may_scavenge(sc))
		return ERR_NOT_MASTER;
	pthread_mutex_lock(&sc->mutex);
	if (sc->wanted || !sc->pass.is_over) {
		e = ERR_TAKEN;
	} else if (sc->holds > 0) {
		e = ERR_BUSY;
	} else {
		sc->wanted = sc->compact = true;
		sc->pass =
		    (struct scavenger_pass){.number = sc->pass.number + 1};
		pthread_cond_broadcast(&sc->changed);
	}
	*number = sc->pass.number;
	pthread_mutex_unlock(&sc->mutex);
	return e;
}

void
scavenger_look(struct scavenger *sc, struct scavenger_pass *pass, int64_t ms)
{
	uint64_t number = pass->number;
	int64_t end = clock_mono_ms() + ms, now;

	pthread_mutex_lock(&sc->mutex);
	while (sc->pass.number == number && !sc->pass.is_over &&
	       (now = clock_mono_ms()) < end)
		await_change(sc, end - now);
	*pass = sc->last.number == number ? sc->last : sc->pass;
	pthread_mutex_unlock(&sc->mutex);
}

void
scavenger_hold(struct scavenger *sc)
{
	pthread_mutex_lock(&sc->mutex);
	sc->holds++;
	pthread_mutex_unlock(&sc->mutex);
}

void
scavenger_release(struct scavenger *sc)
{
	pthread_mutex_lock(&sc->mutex);
	sc->holds--;
	pthread_cond_broadcast(&sc->changed);
	pthread_mutex_unlock(&sc->mutex);
}

bool
scavenger_rests(struct scavenger *sc, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms, now;
	bool rests;

	pthread_mutex_lock(&sc->mutex);
	while (sc->is_running && (now = clock_mono_ms()) < end)
		await_change(sc, end - now);
	rests = !sc->is_running;
	pthread_mutex_unlock(&sc->mutex);
	return rests;
}
