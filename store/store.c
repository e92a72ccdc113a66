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
#include "store/format.h"
#include "store/group.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/tally.h"
#include "store/wakeup.h"
#include "store/writer.h"

#define RETRY_MS        20  /* between two tries to get in */
#define RETRY_FAILED_MS 250 /* after an environment that would not open */
#define ANSWER_MS       100 /* then those who wait for a master are hung up */
#define LOST_MS         150 /* inside, since the agent dismissed us */
#define LOOK_LOST_MS    50
#define DRAIN_MS        1000 /* for threads inside to come out */
#define NUDGE_EVERY_MS  2    /* until the resident thread has ended */
#define RECOVERY_MS     2000 /* for the agent to begin anew */
#define LOOK_AGAIN_MS   10   /* in a cluster, whether something has changed */

struct store {
	struct store_options options;
	struct custody *custody;
	struct wakeup *wakeup;
	struct role *role;
	struct tally *tally;
	struct writer *writer;
	struct group_options group; /* its conf is NULL: alone */
	pthread_t resident;
	uint64_t members; /* of the group, when env was opened */
	bool is_adopted;  /* env is the agent's */
	atomic_bool inside;
	atomic_llong lost_since; /* in clock_mono_ms(); 0: it is not */

	/* Held for reading by whoever works inside; env changes under it. */
	pthread_rwlock_t gate;
	struct env *env;
	struct group_line *line; /* to the master; goes with env */
	atomic_bool shut;        /* nobody may come through the gate ... */
	atomic_bool stale;       /* ... because the tables must be opened, */
	atomic_bool dead;        /* and before that be closed */

	pthread_mutex_t mutex; /* of the condition */
	pthread_cond_t opened;
	atomic_bool stopping;
};

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

struct tally *
store_tally(struct store *st)
{
	return st->tally;
}

const char *
store_dir(const struct store *st)
{
	return st->options.dir;
}

struct role *
store_role(struct store *st)
{
	return st->role;
}

struct group_line *
store_master_line(struct store *st)
{
	return st->line;
}

bool
store_is_open(struct store *st)
{
	return !atomic_load(&st->shut);
}

/*
 * A thread of ours waits for a lock of a process that died, and so the agent
 * is about to end this one: who can be answered before is.
 */
static bool
is_lost(struct store *st)
{
	int64_t now = clock_mono_ms(), since = atomic_load(&st->lost_since);

	if (!atomic_load(&st->inside) || custody_vouched(st->custody)) {
		atomic_store(&st->lost_since, 0);
		return false;
	}
	if (since == 0)
		atomic_store(&st->lost_since, since = now);
	return now - since >= LOST_MS;
}

enum err
store_await(struct store *st, int64_t deadline)
{
	struct timespec until;
	int64_t now;

	if (store_is_open(st))
		return ERR_OK;
	pthread_mutex_lock(&st->mutex);
	while (atomic_load(&st->shut) && !is_lost(st) &&
	       (now = clock_mono_ms()) < deadline) {
		if (deadline - now > LOOK_LOST_MS)
			until = clock_mono_time(now + LOOK_LOST_MS);
		else
			until = clock_mono_time(deadline);
		pthread_cond_timedwait(&st->opened, &st->mutex, &until);
	}
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
store_exit(struct store *st, enum err e)
{
	if (e == ERR_RECOVERY && !atomic_exchange(&st->shut, true))
		custody_report(st->custody);
	if (e == ERR_STALE && !atomic_exchange(&st->shut, true)) {
		atomic_store(&st->dead, true);
		atomic_store(&st->stale, true);
	}
	pthread_rwlock_unlock(&st->gate);
}

static void
open_gate(struct store *st)
{
	pthread_mutex_lock(&st->mutex);
	atomic_store(&st->shut, false);
	pthread_cond_broadcast(&st->opened);
	pthread_mutex_unlock(&st->mutex);
}

/* Whether all came out in time. */
static bool
drain(struct store *st, int64_t ms)
{
	struct timespec until = clock_mono_time(clock_mono_ms() + ms);

	if (pthread_rwlock_clockwrlock(&st->gate, CLOCK_MONOTONIC, &until) != 0)
		return false;
	pthread_rwlock_unlock(&st->gate);
	return true;
}

/*
 * Nobody is inside afterwards.  A worker's threads do not go on waiting for the
 * master's answer: that may take longer than the agent lets it stay.  A thread
 * that hangs on a lock of a process that died cannot be saved, and the agent
 * would end this process anyway.
 */
static void
shut_gate(struct store *st)
{
	atomic_store(&st->shut, true);
	if (st->group.conf != NULL) {
		if (drain(st, ANSWER_MS))
			return;
		group_hang_up(&st->group);
	}
	if (drain(st, DRAIN_MS))
		return;
	log_error("store", "a thread hangs in the library, ending");
	_exit(EX_TEMPFAIL);
}

/* The environment is spoiled, and this process knows it. */
static void
await_recovery(struct store *st)
{
	int64_t deadline = clock_mono_ms() + RECOVERY_MS;

	custody_report(st->custody);
	while (custody_vouched(st->custody) && clock_mono_ms() < deadline)
		clock_sleep_ms(LOOK_AGAIN_MS);
}

static void
leave(struct store *st)
{
	atomic_store(&st->inside, false);
	custody_leave(st->custody);
}

static enum err
go_inside(struct store *st)
{
	struct env_options o = {.dir = st->options.dir,
	    .cache_bytes = st->options.cache_bytes,
	    .sync = st->options.sync,
	    .group = st->group.conf == NULL ? NULL : &st->group};
	enum err e;

	if (o.group != NULL && !role_is_calm(st->role))
		return ERR_UNAVAILABLE;
	if ((e = custody_enter(st->custody, st->options.program)) != ERR_OK)
		return e;
	atomic_store(&st->inside, true);
	st->members = role_members(st->role);
	if ((e = env_open(&st->env, &o)) != ERR_OK) {
		if (e == ERR_STALE)
			await_recovery(st);
		leave(st);
		return e;
	}
	if (o.group != NULL)
		st->line = group_line_new(st->env, GROUP_MASTER);
	/* Who committed last may have died before telling of it. */
	wakeup_bump_all(st->wakeup);
	return ERR_OK;
}

/* ERR_OK as well when it is not the time yet; an error: leave. */
static enum err
reopen_tables(struct store *st, bool create)
{
	uint64_t end;
	enum err e;

	shut_gate(st);
	if (atomic_exchange(&st->dead, false))
		env_close_tables(st->env);
	if ((e = env_open_tables(st->env, create)) != ERR_OK)
		return e == ERR_UNAVAILABLE ? ERR_OK : e;
	if ((e = format_check(st->env, &end)) == ERR_CORRUPT)
		return e;
	atomic_store(&st->stale, false);
	open_gate(st);
	return ERR_OK;
}

static bool
may_stay(struct store *st)
{
	return !atomic_load(&st->stopping) && custody_vouched(st->custody);
}

/*
 * Take notice of what this node has become.  Whoever waits for an answer of a
 * former master need not wait any longer: it is safe to ask the next one.
 */
static void
heed_role(struct store *st, struct role_view *last)
{
	struct role_view now;

	role_look(st->role, &now);
	env_use_snapshots(st->env, now.kind == ROLE_MASTER);
	if (last->kind == ROLE_REPLICA && now.tenure != last->tenure)
		group_hang_up(&st->group);
	*last = now;
}

/* Replication replaces the tables under a replica's feet now and then. */
static enum err
follow(struct store *st)
{
	struct role_view role = {.kind = ROLE_NONE};
	enum err e = ERR_OK;

	atomic_store(&st->stale, true);
	while (e == ERR_OK && may_stay(st) && !env_panicked(st->env) &&
	       (role_members(st->role) & ~st->members) == 0) {
		heed_role(st, &role);
		/* To close a table while locked out takes 5 s. */
		if (atomic_load(&st->stale) && role_is_calm(st->role))
			e = reopen_tables(st, false);
		clock_sleep_ms(LOOK_AGAIN_MS);
	}
	return e;
}

static bool
is_dismissed(struct store *st)
{
	return !custody_vouched(st->custody) || env_panicked(st->env);
}

/* To go outside while everybody is locked out is no good: see env_close(). */
static void
await_calm(struct store *st)
{
	int64_t deadline = clock_mono_ms() + DRAIN_MS;

	while (st->group.conf != NULL && !role_is_calm(st->role) &&
	       !is_dismissed(st) && clock_mono_ms() < deadline)
		clock_sleep_ms(LOOK_AGAIN_MS);
}

static void
go_outside(struct store *st)
{
	group_line_free(&st->line);
	if (env_close(&st->env) == ERR_STALE)
		await_recovery(st);
}

/* The agent recovers what is left. */
static void
abandon(struct store *st)
{
	log_info("store", "leaving, the agent will recover it");
	env_abandon(&st->env);
	st->line = NULL; /* gone with it */
}

/* Inside, until the agent dismisses us or the process stops. */
static void
stay_inside(struct store *st)
{
	if (st->group.conf != NULL) {
		/* The agent alone can help. */
		if (follow(st) != ERR_OK && !env_panicked(st->env))
			await_recovery(st);
	} else {
		open_gate(st);
		while (may_stay(st))
			custody_await_dismissal(st->custody);
	}
	if (is_dismissed(st) && st->group.conf != NULL)
		group_hang_up(&st->group);
	shut_gate(st);
	await_calm(st);
	if (is_dismissed(st))
		abandon(st);
	else
		go_outside(st);
	leave(st);
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

	sigaction(SIGUSR2, &nudge, NULL);
	pthread_rwlock_init(&st->gate, NULL);
	pthread_mutex_init(&st->mutex, NULL);
	clock_cond_init(&st->opened);
	atomic_store(&st->shut, true);
}

static void
free_store(struct store *st)
{
	wakeup_close(&st->wakeup);
	role_close(&st->role);
	tally_close(&st->tally);
	custody_close(&st->custody);
	pthread_rwlock_destroy(&st->gate);
	pthread_cond_destroy(&st->opened);
	pthread_mutex_destroy(&st->mutex);
	free(st);
}

/* ERR_IO: logged. */
static enum err
make_store(struct store **out, const struct store_options *o)
{
	struct store *st = xcalloc(1, sizeof(*st));
	enum err e;

	st->options = *o;
	st->group.conf = o->cluster;
	init_sync(st);
	if ((e = custody_open(&st->custody, o->dir)) == ERR_OK &&
	    (e = role_open(&st->role, o->dir)) == ERR_OK &&
	    (e = tally_open(&st->tally, o->dir)) == ERR_OK)
		e = wakeup_open(&st->wakeup, o->dir);
	if (e == ERR_OK) {
		*out = st;
		return ERR_OK;
	}
	log_error("store", "%s: %s", o->dir, strerror(errno));
	free_store(st);
	return e;
}

enum err
store_open(struct store **out, const struct store_options *o)
{
	struct store *st;
	enum err e;

	if ((e = make_store(&st, o)) != ERR_OK)
		return e;
	st->writer = writer_new(st);
	if (pthread_create(&st->resident, NULL, reside, st) == 0) {
		*out = st;
		return ERR_OK;
	}
	log_error("store", "cannot start a thread");
	writer_free(&st->writer);
	free_store(st);
	return ERR_IO;
}

enum err
store_adopt(struct store **out, const struct store_options *o, struct env *env)
{
	enum err e;

	if ((e = make_store(out, o)) != ERR_OK)
		return e;
	(*out)->is_adopted = true;
	(*out)->env = env;
	(*out)->writer = writer_new(*out);
	return ERR_OK;
}

enum err
store_open_tables(struct store *st, bool create)
{
	enum err e = reopen_tables(st, create);

	if (e == ERR_OK && atomic_load(&st->shut))
		return ERR_UNAVAILABLE;
	return e;
}

/* Again and again: it may not have been blocked yet. */
static void
end_resident(struct store *st)
{
	atomic_store(&st->stopping, true);
	while (pthread_tryjoin_np(st->resident, NULL) == EBUSY) {
		pthread_kill(st->resident, SIGUSR2);
		clock_sleep_ms(NUDGE_EVERY_MS);
	}
}

void
store_close(struct store **stp)
{
	struct store *st = *stp;

	if (st == NULL)
		return;
	writer_free(&st->writer);
	if (!st->is_adopted)
		end_resident(st);
	free_store(st);
	*stp = NULL;
}
