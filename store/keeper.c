#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/env.h"
#include "store/env_log.h"
#include "store/keeper.h"
#include "store/log.h"

#define LOOK_EVERY_MS 1000

/* For a log that fills a file in two seconds; and after a failure. */
#define PREPARE_EVERY_MS 100
#define PREPARE_AGAIN_MS 10000

/*
 * Recovery reads the log from the last checkpoint but one, so this bounds
 * how long it takes; and a busy store rewrites its hot pages so often.
 */
#define CHECKPOINT_KBYTES 32768

struct keeper {
	struct env *env;
	keeper_need_f *need;
	void *arg;
	pthread_t thread, preparer;
	pthread_mutex_t removal; /* held while files are removed */
	unsigned int holds;      /* who wants them all to stay */
	pthread_mutex_t mutex;
	pthread_cond_t stop;
	bool stopping;
};

static void
keep(struct keeper *k, uint32_t kbytes)
{
	struct env_log_need need = {.from_file = UINT32_MAX};
	unsigned int removed = 0;
	enum err e;

	if (k->need != NULL)
		k->need(k->arg, &need);
	e = env_checkpoint(k->env, kbytes);
	pthread_mutex_lock(&k->removal);
	if (e == ERR_OK && k->holds == 0)
		e = env_remove_logs(k->env, &need, &removed);
	pthread_mutex_unlock(&k->removal);
	if (e != ERR_OK && e != ERR_RECOVERY)
		log_warn("keeper", "checkpoint: %s", err_text(e));
	if (removed > 0)
		log_debug("keeper", "removed %u log files", removed);
}

/* False when it is time to stop. */
static bool
rest(struct keeper *k, int64_t ms)
{
	struct timespec until = clock_mono_time(clock_mono_ms() + ms);
	bool go_on;

	pthread_mutex_lock(&k->mutex);
	if (!k->stopping)
		pthread_cond_timedwait(&k->stop, &k->mutex, &until);
	go_on = !k->stopping;
	pthread_mutex_unlock(&k->mutex);
	return go_on;
}

static void *
keep_on(void *arg)
{
	struct keeper *k = arg;

	while (rest(k, LOOK_EVERY_MS))
		keep(k, CHECKPOINT_KBYTES);
	keep(k, 0);
	return NULL;
}

/* Not by the same thread: a checkpoint takes longer than there is time. */
static void *
prepare_on(void *arg)
{
	struct keeper *k = arg;
	int64_t ms = PREPARE_EVERY_MS;

	while (rest(k, ms))
		ms = env_prepare_log(k->env) == ERR_OK ? PREPARE_EVERY_MS
						       : PREPARE_AGAIN_MS;
	return NULL;
}

struct keeper *
keeper_start(struct env *env, keeper_need_f *need, void *arg)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->env = env;
	k->need = need;
	k->arg = arg;
	pthread_mutex_init(&k->mutex, NULL);
	pthread_mutex_init(&k->removal, NULL);
	clock_cond_init(&k->stop);
	if (pthread_create(&k->thread, NULL, keep_on, k) != 0 ||
	    pthread_create(&k->preparer, NULL, prepare_on, k) != 0) {
		log_error("keeper", "cannot start a thread");
		abort();
	}
	return k;
}

void
keeper_hold_logs(struct keeper *k)
{
	pthread_mutex_lock(&k->removal);
	k->holds++;
	pthread_mutex_unlock(&k->removal);
}

void
keeper_release_logs(struct keeper *k)
{
	pthread_mutex_lock(&k->removal);
	k->holds--;
	pthread_mutex_unlock(&k->removal);
}

void
keeper_stop(struct keeper **kp)
{
	struct keeper *k = *kp;

	if (k == NULL)
		return;
	pthread_mutex_lock(&k->mutex);
	k->stopping = true;
	pthread_cond_broadcast(&k->stop);
	pthread_mutex_unlock(&k->mutex);
	pthread_join(k->thread, NULL);
	pthread_join(k->preparer, NULL);
	pthread_cond_destroy(&k->stop);
	pthread_mutex_destroy(&k->mutex);
	pthread_mutex_destroy(&k->removal);
	free(k);
	*kp = NULL;
}
