#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/log.h"
#include "store/store.h"
#include "store/wakeup.h"
#include "store/writer.h"

#define RETRY_MS        20   /* between two tries to get in */
#define RETRY_FAILED_MS 250  /* after an environment that would not open */
#define DRAIN_MS        1000 /* for threads inside to come out */
#define NUDGE_EVERY_MS  2    /* until the resident thread has ended */

struct store {
	struct store_options options;
	struct custody *custody;
	struct wakeup *wakeup;
	struct writer *writer;
	pthread_t resident;

	/* Held for reading by whoever works inside; env changes under it. */
	pthread_rwlock_t gate;
	struct env *env;
	atomic_bool shut; /* nobody may come through the gate */

	pthread_mutex_t mutex; /* of the condition */
	pthread_cond_t opened;
	atomic_bool stopping;
};

static struct timespec
mono_time(int64_t ms)
{
	return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

int64_t
store_deadline(const struct store *st)
{
	return clock_mono_ms() + st->options.patience_ms;
}

bool
store_vouched(struct store *st)
{
	return custody_vouched(st->custody);
}

struct writer *
store_writer(struct store *st)
{
	return st->writer;
}

struct wakeup *
store_wakeup(struct store *st)
{
	return st->wakeup;
}

bool
store_is_open(struct store *st)
{
	return !atomic_load(&st->shut);
}

enum err
store_await(struct store *st, int64_t deadline)
{
	struct timespec until = mono_time(deadline);
	int r = 0;

	if (store_is_open(st))
		return ERR_OK;
	pthread_mutex_lock(&st->mutex);
	while (atomic_load(&st->shut) && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&st->opened, &st->mutex, &until);
	pthread_mutex_unlock(&st->mutex);
	return atomic_load(&st->shut) ? ERR_UNAVAILABLE : ERR_OK;
}

enum err
store_enter(struct store *st, int64_t deadline, struct env **env)
{
	enum err e;

	for (;;) {
		if ((e = store_await(st, deadline)) != ERR_OK)
			return e;
		pthread_rwlock_rdlock(&st->gate);
		if (!atomic_load(&st->shut)) {
			*env = st->env;
			return ERR_OK;
		}
		pthread_rwlock_unlock(&st->gate);
	}
}

void
store_exit(struct store *st, bool broken)
{
	if (broken && !atomic_exchange(&st->shut, true))
		custody_report(st->custody);
	pthread_rwlock_unlock(&st->gate);
}

static void
open_gate(struct store *st, struct env *env)
{
	pthread_rwlock_wrlock(&st->gate);
	st->env = env;
	pthread_rwlock_unlock(&st->gate);
	pthread_mutex_lock(&st->mutex);
	atomic_store(&st->shut, false);
	pthread_cond_broadcast(&st->opened);
	pthread_mutex_unlock(&st->mutex);
}

/*
 * Nobody is inside afterwards.  A thread that hangs on a lock of a process
 * that died cannot be saved, and the agent would end this process anyway.
 */
static struct env *
shut_gate(struct store *st)
{
	struct timespec until = mono_time(clock_mono_ms() + DRAIN_MS);
	struct env *env;

	atomic_store(&st->shut, true);
	if (pthread_rwlock_clockwrlock(&st->gate, CLOCK_MONOTONIC, &until) !=
	    0) {
		log_error("store", "a thread hangs in the library, ending");
		_exit(EX_TEMPFAIL);
	}
	env = st->env;
	st->env = NULL;
	pthread_rwlock_unlock(&st->gate);
	return env;
}

static enum err
go_inside(struct store *st)
{
	struct env_options o = {.dir = st->options.dir,
	    .cache_bytes = st->options.cache_bytes,
	    .sync = st->options.sync};
	struct env *env;
	enum err e;

	if ((e = custody_enter(st->custody, st->options.program)) != ERR_OK)
		return e;
	if ((e = env_open(&env, &o)) != ERR_OK) {
		custody_leave(st->custody);
		return e;
	}
	/* Who committed last may have died before telling of it. */
	wakeup_bump_all(st->wakeup);
	open_gate(st, env);
	return ERR_OK;
}

/* Inside, until the agent dismisses us or the process stops. */
static void
stay_inside(struct store *st)
{
	struct env *env;

	while (!atomic_load(&st->stopping) && custody_vouched(st->custody))
		custody_await_dismissal(st->custody);
	env = shut_gate(st);
	if (custody_vouched(st->custody) && !env_panicked(env)) {
		env_close(&env);
	} else {
		log_info("store", "leaving, the agent will recover it");
		env_abandon(&env);
	}
	custody_leave(st->custody);
}

static void *
reside(void *arg)
{
	struct store *st = arg;
	enum err e, last = ERR_OK;

	while (!atomic_load(&st->stopping)) {
		if ((e = go_inside(st)) == ERR_OK) {
			log_info("store", "open: %s", st->options.dir);
			stay_inside(st);
		} else {
			if (e != last)
				log_info("store", "waiting: %s", err_text(e));
			clock_sleep_ms(
			    e == ERR_UNAVAILABLE ? RETRY_MS : RETRY_FAILED_MS);
		}
		last = e;
	}
	return NULL;
}

static void
on_nudge(int sig)
{
	(void)sig; /* it only interrupts a blocking call */
}

static void
init_sync(struct store *st)
{
	struct sigaction nudge = {.sa_handler = on_nudge};
	pthread_condattr_t mono;

	sigaction(SIGUSR2, &nudge, NULL);
	pthread_rwlock_init(&st->gate, NULL);
	pthread_mutex_init(&st->mutex, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&st->opened, &mono);
	pthread_condattr_destroy(&mono);
	atomic_store(&st->shut, true);
}

enum err
store_open(struct store **out, const struct store_options *o)
{
	struct store *st = xcalloc(1, sizeof(*st));
	enum err e;

	st->options = *o;
	init_sync(st);
	if ((e = custody_open(&st->custody, o->dir)) == ERR_OK)
		e = wakeup_open(&st->wakeup, o->dir);
	if (e == ERR_OK) {
		st->writer = writer_new(st);
		if (pthread_create(&st->resident, NULL, reside, st) == 0) {
			*out = st;
			return ERR_OK;
		}
		writer_free(&st->writer);
		e = ERR_IO;
	}
	log_error("store", "%s: %s", o->dir, strerror(errno));
	wakeup_close(&st->wakeup);
	custody_close(&st->custody);
	free(st);
	return e;
}

void
store_close(struct store **stp)
{
	struct store *st = *stp;

	if (st == NULL)
		return;
	writer_free(&st->writer);
	atomic_store(&st->stopping, true);
	/* Again and again: it may not have been blocked yet. */
	while (pthread_tryjoin_np(st->resident, NULL) == EBUSY) {
		pthread_kill(st->resident, SIGUSR2);
		clock_sleep_ms(NUDGE_EVERY_MS);
	}
	wakeup_close(&st->wakeup);
	custody_close(&st->custody);
	pthread_rwlock_destroy(&st->gate);
	pthread_cond_destroy(&st->opened);
	pthread_mutex_destroy(&st->mutex);
	free(st);
	*stp = NULL;
}
