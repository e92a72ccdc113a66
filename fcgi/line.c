#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "fcgi/line.h"
#include "fcgi/request.h"
#include "store/alloc.h"
#include "store/clock.h"

struct line {
	pthread_mutex_t mutex;
	unsigned int max;
	unsigned int n;    /* in the line */
	unsigned int free; /* threads that wait for a connection */
	struct request *first, **last;
	struct request *spares; /* empty ones */
};

struct line *
line_new(unsigned int max)
{
	struct line *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->mutex, NULL);
	l->max = max;
	l->last = &l->first;
	return l;
}

void
line_free(struct line **lp)
{
	struct line *l = *lp;
	struct request *r;

	if (l == NULL)
		return;
	while ((r = line_spare(l)) != NULL)
		request_free(&r);
	pthread_mutex_destroy(&l->mutex);
	free(l);
	*lp = NULL;
}

static void
put_by(struct line *l, struct request *r)
{
	r->next = l->spares;
	l->spares = r;
}

/* The mutex held. */
static struct request *
take_first(struct line *l)
{
	struct request *r = l->first;

	if ((l->first = r->next) == NULL)
		l->last = &l->first;
	l->n--;
	return r;
}

struct request *
line_next(struct line *l, struct request *own)
{
	struct request *r = NULL;

	pthread_mutex_lock(&l->mutex);
	if (l->first == NULL) {
		l->free++;
	} else {
		r = take_first(l);
		request_lend(own, r);
		put_by(l, own);
	}
	pthread_mutex_unlock(&l->mutex);
	return r;
}

void
line_leave(struct line *l)
{
	pthread_mutex_lock(&l->mutex);
	l->free--;
	pthread_mutex_unlock(&l->mutex);
}

struct request *
line_late(struct line *l, int64_t since_us)
{
	struct request *r = NULL;

	pthread_mutex_lock(&l->mutex);
	if (l->first != NULL && l->first->came_us < since_us)
		r = take_first(l);
	pthread_mutex_unlock(&l->mutex);
	return r;
}

bool
line_has_free(struct line *l)
{
	bool has;

	pthread_mutex_lock(&l->mutex);
	has = l->free > 0;
	pthread_mutex_unlock(&l->mutex);
	return has;
}

bool
line_has_waiting(struct line *l)
{
	bool has;

	pthread_mutex_lock(&l->mutex);
	has = l->first != NULL;
	pthread_mutex_unlock(&l->mutex);
	return has;
}

enum line_place
line_enter(struct line *l, struct request *r)
{
	enum line_place place = LINE_FULL;

	pthread_mutex_lock(&l->mutex);
	if (l->free > 0) {
		place = LINE_SERVE;
	} else if (l->n < l->max) {
		request_rest(r); /* it gets a thread's memory */
		r->came_us = clock_mono_us();
		r->next = NULL;
		*l->last = r;
		l->last = &r->next;
		l->n++;
		place = LINE_WAIT;
	}
	pthread_mutex_unlock(&l->mutex);
	return place;
}

struct request *
line_spare(struct line *l)
{
	struct request *r;

	pthread_mutex_lock(&l->mutex);
	if ((r = l->spares) != NULL)
		l->spares = r->next;
	pthread_mutex_unlock(&l->mutex);
	return r;
}
