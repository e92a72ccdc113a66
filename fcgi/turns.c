#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "fcgi/turns.h"
#include "store/alloc.h"

struct turns {
	pthread_mutex_t mutex;
	pthread_cond_t given; /* or closed */
	unsigned int free;
	bool closed;
	struct turn **threads;
	unsigned int nthreads;
	bool requests_waited; /* at the last look */
};

struct turns *
turns_new(unsigned int n, unsigned int max)
{
	struct turns *ts = xcalloc(1, sizeof(*ts));

	ts->free = n;
	ts->threads = xcalloc(max, sizeof(*ts->threads));
	pthread_mutex_init(&ts->mutex, NULL);
	pthread_cond_init(&ts->given, NULL);
	return ts;
}

void
turns_free(struct turns **tsp)
{
	struct turns *ts = *tsp;

	if (ts == NULL)
		return;
	pthread_cond_destroy(&ts->given);
	pthread_mutex_destroy(&ts->mutex);
	free(ts->threads);
	free(ts);
	*tsp = NULL;
}

void
turns_join(struct turns *ts, struct turn *t)
{
	pthread_mutex_lock(&ts->mutex);
	ts->threads[ts->nthreads++] = t;
	pthread_mutex_unlock(&ts->mutex);
}

static void
await_turn(struct turns *ts, struct turn *t)
{
	pthread_mutex_lock(&ts->mutex);
	while (ts->free == 0 && !ts->closed)
		pthread_cond_wait(&ts->given, &ts->mutex);
	if (ts->free > 0) {
		ts->free--;
		atomic_store(&t->is_held, true);
	}
	pthread_mutex_unlock(&ts->mutex);
}

void
turns_take(struct turns *ts, struct turn *t)
{
	atomic_fetch_add_explicit(&t->served, 1, memory_order_relaxed);
	if (!t->has_waited && !atomic_load(&t->is_held))
		await_turn(ts, t);
	t->has_waited = false;
}

/* The mutex held. */
static void
take_from(struct turns *ts, struct turn *t)
{
	if (!atomic_exchange(&t->is_held, false))
		return;
	ts->free++;
	pthread_cond_signal(&ts->given);
}

void
turns_give(struct turns *ts, struct turn *t)
{
	t->has_waited = true;
	if (!atomic_load(&t->is_held))
		return;
	pthread_mutex_lock(&ts->mutex);
	take_from(ts, t);
	pthread_mutex_unlock(&ts->mutex);
}

/* Whether it has come to no other request since the last look. */
static bool
has_stayed(struct turn *t)
{
	uint32_t last = t->seen;

	t->seen = atomic_load_explicit(&t->served, memory_order_relaxed);
	return t->seen == last;
}

void
turns_look(struct turns *ts, bool requests_wait)
{
	bool waited_long = requests_wait && ts->requests_waited;
	unsigned int i;

	ts->requests_waited = requests_wait;
	pthread_mutex_lock(&ts->mutex);
	for (i = 0; i < ts->nthreads; i++)
		if (has_stayed(ts->threads[i]) && waited_long)
			take_from(ts, ts->threads[i]);
	pthread_mutex_unlock(&ts->mutex);
}

void
turns_close(struct turns *ts)
{
	pthread_mutex_lock(&ts->mutex);
	ts->closed = true;
	pthread_cond_broadcast(&ts->given);
	pthread_mutex_unlock(&ts->mutex);
}
