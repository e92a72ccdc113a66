#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/waiting.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/log.h"
#include "store/store.h"
#include "store/tally.h"

/* How late the guard may be to notice that time is up or the worker stops. */
#define LONGEST_NAP_MS 250
/* Between two looks for clients that are gone. */
#define COUNT_HEADS_MS 1000

/*
 * Who was woken in vain, by a stream that shares its group or by events
 * before those it waits for, rests for 2, 4, ... ms before the next time.
 */
#define LONGEST_REST_MS 128

/* Threads that run what is due: one for so many serving ones. */
#define SERVING_PER_RUNNER 8
#define MAX_RUNNERS        4

/* What the guard goes over at each commit, all of it together in memory. */
struct place {
	struct request *request;
	struct wakeup_mark mark;
	int64_t deadline, rests_until;
};

struct waiting {
	struct server *server;
	struct wakeup *wakeup;
	waiting_serve_f *serve;
	unsigned int max;

	pthread_mutex_t mutex;
	pthread_cond_t parked; /* or a place was left: for the guard */
	pthread_cond_t due;    /* or closed: for the runners */
	unsigned int taken;    /* places of those parked, due and served */
	struct place *places;  /* of the parked ones */
	size_t n;
	struct pollfd *heads;
	int64_t heads_counted;
	struct request *first, **last; /* the due ones */
	bool closing;                  /* nobody comes any more */
	bool closed;                   /* nothing becomes due any more */

	pthread_t guard;
	pthread_t runners[MAX_RUNNERS];
	unsigned int nrunners;
};

bool
waiting_take_place(struct waiting *w)
{
	bool is_free;

	pthread_mutex_lock(&w->mutex);
	is_free = w->taken < w->max;
	w->taken += is_free;
	pthread_mutex_unlock(&w->mutex);
	if (is_free)
		tally_move(store_tally(w->server->store), TALLY_WAITING, 1);
	return is_free;
}

static void
leave_place(struct waiting *w)
{
	pthread_mutex_lock(&w->mutex);
	w->taken--;
	pthread_cond_signal(&w->parked);
	pthread_mutex_unlock(&w->mutex);
	tally_move(store_tally(w->server->store), TALLY_WAITING, -1);
}

static void
add_due(struct waiting *w, struct request *r)
{
	r->poll.patience = store_deadline(w->server->store);
	r->poll.next = NULL;
	*w->last = r;
	w->last = &r->poll.next;
	pthread_cond_signal(&w->due);
}

/* The last one takes its place. */
static void
hand_over(struct waiting *w, struct place *p)
{
	wakeup_watch_end(w->wakeup, &p->mark);
	add_due(w, p->request);
	*p = w->places[--w->n];
}

static int64_t
rest_until(const struct poll *p)
{
	int64_t ms = LONGEST_REST_MS;

	if (p->waited == 1)
		return 0;
	if (p->waited < 8)
		ms = INT64_C(1) << (p->waited - 1);
	return clock_mono_ms() + ms;
}

void
waiting_park(struct waiting *w, struct request *r)
{
	struct place p = {
	    r, r->poll.mark, r->poll.deadline, rest_until(&r->poll)};

	r->poll.waits = false;
	request_rest(r);
	wakeup_watch(w->wakeup, &p.mark);
	pthread_mutex_lock(&w->mutex);
	w->places[w->n++] = p;
	pthread_cond_signal(&w->parked);
	pthread_mutex_unlock(&w->mutex);
	/* What moved before it was watched has woken nobody. */
	if (wakeup_has_moved(w->wakeup, &p.mark))
		wakeup_wake(w->wakeup);
}

/* 0: it is due now; else how long it may be left alone. */
static int64_t
time_left(struct waiting *w, const struct place *p, int64_t now)
{
	if (atomic_load(&w->server->stopping) || now >= p->deadline) {
		p->request->poll.is_over = true;
		return 0;
	}
	if (!wakeup_has_moved(w->wakeup, &p->mark) ||
	    p->rests_until > p->deadline)
		return p->deadline - now;
	return p->rests_until > now ? p->rests_until - now : 0;
}

/* Hand over what is due; how long the guard may sleep. */
static int64_t
go_over(struct waiting *w)
{
	int64_t now = clock_mono_ms(), nap = LONGEST_NAP_MS, left;
	size_t i = 0;

	while (i < w->n) {
		left = time_left(w, &w->places[i], now);
		if (left == 0)
			hand_over(w, &w->places[i]);
		else
			i++;
		if (left > 0 && left < nap)
			nap = left;
	}
	return nap;
}

/*
 * A front server whose client is gone closes the connection.  One that
 * passes on that the client will say nothing more, which may be all that it
 * is told of a client that is gone, gets what there is.
 */
static void
count_heads(struct waiting *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		w->heads[i] = (struct pollfd){
		    w->places[i].request->fcgx.ipcFd, POLLRDHUP, 0};
	if (poll(w->heads, w->n, 0) <= 0)
		return;
	for (i = w->n; i-- > 0;) {
		struct poll *p = &w->places[i].request->poll;

		p->is_gone = (w->heads[i].revents & (POLLHUP | POLLERR)) != 0;
		p->is_over = w->heads[i].revents != 0;
		if (p->is_over)
			hand_over(w, &w->places[i]);
	}
}

static void
count_heads_in_time(struct waiting *w)
{
	int64_t now = clock_mono_ms();

	if (now - w->heads_counted < COUNT_HEADS_MS)
		return;
	w->heads_counted = now;
	count_heads(w);
}

static void *
guard(void *arg)
{
	struct waiting *w = arg;
	uint32_t seen;
	int64_t nap;

	pthread_mutex_lock(&w->mutex);
	while (!w->closing || w->taken > 0) {
		if (w->n == 0) {
			pthread_cond_wait(&w->parked, &w->mutex);
			continue;
		}
		seen = wakeup_now(w->wakeup);
		count_heads_in_time(w);
		nap = go_over(w);
		pthread_mutex_unlock(&w->mutex);
		wakeup_sleep(w->wakeup, seen, nap);
		pthread_mutex_lock(&w->mutex);
	}
	w->closed = true;
	pthread_cond_broadcast(&w->due);
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

/* NULL: there will be none. */
static struct request *
take_due(struct waiting *w)
{
	struct request *r;

	pthread_mutex_lock(&w->mutex);
	while (w->first == NULL && !w->closed)
		pthread_cond_wait(&w->due, &w->mutex);
	if ((r = w->first) != NULL && (w->first = r->poll.next) == NULL)
		w->last = &w->first;
	pthread_mutex_unlock(&w->mutex);
	return r;
}

static void *
run(void *arg)
{
	struct waiting *w = arg;
	struct request *r;

	while ((r = take_due(w)) != NULL) {
		if (!r->poll.is_gone && w->serve(r))
			continue;
		request_free(&r);
		leave_place(w);
	}
	return NULL;
}

static void
init(struct waiting *w)
{
	w->wakeup = store_wakeup(w->server->store);
	w->places = xcalloc(w->max, sizeof(*w->places));
	w->heads = xcalloc(w->max, sizeof(*w->heads));
	w->last = &w->first;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->parked, NULL);
	pthread_cond_init(&w->due, NULL);
}

static void
destroy(struct waiting **wp)
{
	struct waiting *w = *wp;

	pthread_cond_destroy(&w->due);
	pthread_cond_destroy(&w->parked);
	pthread_mutex_destroy(&w->mutex);
	free(w->heads);
	free(w->places);
	free(w);
	*wp = NULL;
}

static unsigned int
runners_for(unsigned int threads)
{
	unsigned int n =
	    (threads + SERVING_PER_RUNNER - 1) / SERVING_PER_RUNNER;

	return n < MAX_RUNNERS ? n : MAX_RUNNERS;
}

static int
start_runners(struct waiting *w, unsigned int n)
{
	int r = 0;

	while (w->nrunners < n) {
		r = pthread_create(&w->runners[w->nrunners], NULL, run, w);
		if (r != 0)
			break;
		w->nrunners++;
	}
	return r;
}

enum err
waiting_new(struct waiting **out, struct server *server, waiting_serve_f *serve,
    unsigned int max)
{
	struct waiting *w = xcalloc(1, sizeof(*w));
	int r;

	*w = (struct waiting){.server = server, .serve = serve, .max = max};
	init(w);
	if ((r = pthread_create(&w->guard, NULL, guard, w)) != 0)
		destroy(&w);
	else if ((r = start_runners(w, runners_for(server->conf->threads))) !=
		 0)
		waiting_free(&w);
	*out = w;
	if (r == 0)
		return ERR_OK;
	log_error("waiting", "starting a thread: %s", strerror(r));
	return ERR_IO;
}

void
waiting_free(struct waiting **wp)
{
	struct waiting *w = *wp;
	unsigned int i;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	w->closing = true;
	pthread_cond_signal(&w->parked);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->guard, NULL);
	for (i = 0; i < w->nrunners; i++)
		pthread_join(w->runners[i], NULL);
	destroy(wp);
}
