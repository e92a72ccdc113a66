#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/appends.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/write.h"
#include "store/alloc.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/stream.h"

/* The others wait meanwhile.  A socket has room for an append's answer. */
#define ANSWERING_MS 100

struct appends {
	struct server *server;
	unsigned int max;

	pthread_mutex_t mutex;
	pthread_cond_t written; /* or stopping */
	unsigned int taken;     /* places of those parked, or being answered */
	struct request *first, **last; /* are written, and to be answered */
	struct request *spares;
	bool stopping;

	pthread_t thread;
};

/* What came of it; called by the writer. */
static void
note_result(void *arg, enum err e)
{
	struct request *r = arg;
	struct appends *a = r->server->appends;

	r->pending.result = e;
	r->next = NULL;
	pthread_mutex_lock(&a->mutex);
	if (a->first == NULL)
		pthread_cond_signal(&a->written);
	*a->last = r;
	a->last = &r->next;
	pthread_mutex_unlock(&a->mutex);
}

/* All that are written; NULL: there will be none. */
static struct request *
take_written(struct appends *a)
{
	struct request *first;

	pthread_mutex_lock(&a->mutex);
	while (a->first == NULL && !(a->stopping && a->taken == 0))
		pthread_cond_wait(&a->written, &a->mutex);
	first = a->first;
	a->first = NULL;
	a->last = &a->first;
	pthread_mutex_unlock(&a->mutex);
	return first;
}

static void
leave_place(struct appends *a, struct request *spare)
{
	pthread_mutex_lock(&a->mutex);
	spare->next = a->spares;
	a->spares = spare;
	a->taken--;
	pthread_mutex_unlock(&a->mutex);
}

static void
answer(struct request *r)
{
	log_about(r->id);
	r->answering_ms = ANSWERING_MS;
	write_answer(r, r->pending.result);
	request_end(r);
}

static void *
answer_on(void *arg)
{
	struct appends *a = arg;
	struct request *r, *next;

	while ((r = take_written(a)) != NULL)
		for (; r != NULL; r = next) {
			next = r->next;
			answer(r);
			leave_place(a, r);
		}
	return NULL;
}

static void
release(struct appends *a)
{
	pthread_cond_destroy(&a->written);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

enum err
appends_new(struct appends **out, struct server *server, unsigned int max)
{
	struct appends *a = xcalloc(1, sizeof(*a));
	int e;

	*a = (struct appends){.server = server, .max = max};
	a->last = &a->first;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->written, NULL);
	if ((e = pthread_create(&a->thread, NULL, answer_on, a)) != 0) {
		log_error("appends", "starting a thread: %s", strerror(e));
		release(a);
		return ERR_IO;
	}
	*out = a;
	return ERR_OK;
}

void
appends_free(struct appends **ap)
{
	struct appends *a = *ap;
	struct request *r;

	if (a == NULL)
		return;
	pthread_mutex_lock(&a->mutex);
	a->stopping = true;
	pthread_cond_signal(&a->written);
	pthread_mutex_unlock(&a->mutex);
	pthread_join(a->thread, NULL);
	while ((r = a->spares) != NULL) {
		a->spares = r->next;
		request_free(&r);
	}
	release(a);
	*ap = NULL;
}

bool
appends_may_park(struct appends *a)
{
	bool may;

	if (role_has_peers(store_role(a->server->store)))
		return false;
	pthread_mutex_lock(&a->mutex);
	may = a->taken < a->max;
	pthread_mutex_unlock(&a->mutex);
	return may;
}

/* False: all are taken.  *spare is NULL when there is none as yet. */
static bool
take_place(struct appends *a, struct request **spare)
{
	bool is_free;

	pthread_mutex_lock(&a->mutex);
	if ((is_free = a->taken < a->max)) {
		a->taken++;
		if ((*spare = a->spares) != NULL)
			a->spares = (*spare)->next;
	}
	pthread_mutex_unlock(&a->mutex);
	return is_free;
}

/* From then on it may be answered at any moment. */
static bool
hand_over(struct request *r, struct request *spare)
{
	enum err e;

	request_pass_on(r, spare);
	log_about(NULL);
	e = stream_append_later(
	    r->server->store, &r->pending.append, note_result, r);
	if (e != ERR_OK)
		log_about(r->id);
	return e == ERR_OK;
}

struct request *
appends_park(struct appends *a, struct request *r)
{
	struct request *spare = NULL;

	if (!stream_append_would_wait(a->server->store) ||
	    !request_read_out(r) || !take_place(a, &spare))
		return NULL;
	if (spare == NULL && request_new(&spare, a->server) != ERR_OK)
		abort();
	if (hand_over(r, spare))
		return spare;
	leave_place(a, spare);
	return NULL;
}
