#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/auth.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/waiting.h"
#include "fcgi/worker.h"
#include "store/alloc.h"
#include "store/bootstrap.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/log.h"
#include "store/store.h"

#define PATIENCE_MS        3000 /* of a request, for a store being recovered */
#define BOOTSTRAP_AGAIN_MS 200
#define NUDGE_MS           20
#define ACCEPT_FAILED_MS   10
#define OTHER_FILES        64 /* open besides the requests' connections */

struct worker {
	struct server server;
	int listen_fd;
	pthread_t bootstrap;
	pthread_t *threads;
	unsigned int nthreads;
};

/* True: it waits, parked, and is no longer the caller's. */
static bool
serve(struct request *r)
{
	request_begin(r);
	route_request(r);
	if (r->poll.waits) {
		log_about(NULL);
		waiting_park(r->server->waiting, r);
		return true;
	}
	request_end(r);
	return false;
}

/*
 * For one that waited.  When the store is being recovered, all that become
 * due meanwhile are patient together, not one after the other.
 */
static bool
serve_again(struct request *r)
{
	enum err e = store_await(r->server->store, r->poll.patience);

	if (e == ERR_OK)
		return serve(r);
	request_begin(r);
	reply_error(&r->reply, e);
	request_end(r);
	return false;
}

static struct request *
make_request(struct worker *w)
{
	struct request *r;

	if (request_new(&r, &w->server, w->listen_fd) == ERR_OK)
		return r;
	log_error("worker", "libfcgi cannot make a request");
	abort();
}

static void *
serve_on(void *arg)
{
	struct worker *w = arg;
	struct request *r = make_request(w);

	while (!atomic_load(&w->server.stopping))
		if (FCGX_Accept_r(&r->fcgx) == 0) {
			if (serve(r))
				r = make_request(w);
		} else if (!atomic_load(&w->server.stopping)) {
			/* A nudge, or no descriptor left for now. */
			clock_sleep_ms(ACCEPT_FAILED_MS);
		}
	request_free(&r);
	return NULL;
}

static void *
bootstrap(void *arg)
{
	struct worker *w = arg;
	enum err e;

	while (!atomic_load(&w->server.stopping)) {
		e = bootstrap_run(
		    w->server.store, w->server.conf->password_cost);
		if (e == ERR_OK) {
			atomic_store(&w->server.has_accounts, true);
			bootstrap_warn(w->server.store);
			break;
		}
		if (e != ERR_UNAVAILABLE)
			log_error("users", "making accounts: %s", err_text(e));
		clock_sleep_ms(BOOTSTRAP_AGAIN_MS);
	}
	return NULL;
}

/* How many may wait: each has a connection of its own. */
static unsigned int
count_places(const struct conf *c)
{
	rlim_t others = c->threads + OTHER_FILES, room;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return c->max_waiting;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	room = files.rlim_max > others ? files.rlim_max - others : 0;
	if (room >= c->max_waiting)
		return c->max_waiting;
	log_warn("worker",
	    "%u requests may wait, not max_waiting=%u: the limit is %llu "
	    "open files",
	    (unsigned int)room, c->max_waiting,
	    (unsigned long long)files.rlim_max);
	return (unsigned int)room;
}

static enum err
start_threads(struct worker *w)
{
	unsigned int n = w->server.conf->threads;
	enum err e;
	int r;

	e = waiting_new(&w->server.waiting, &w->server, serve_again,
	    count_places(w->server.conf));
	if (e != ERR_OK)
		return e;
	w->threads = xcalloc(n, sizeof(*w->threads));
	r = pthread_create(&w->bootstrap, NULL, bootstrap, w);
	for (; r == 0 && w->nthreads < n; w->nthreads++)
		r = pthread_create(&w->threads[w->nthreads], NULL, serve_on, w);
	if (r == 0)
		return ERR_OK;
	log_error("worker", "starting thread %u: %s", w->nthreads, strerror(r));
	return ERR_IO;
}

static void
await_signal(void)
{
	sigset_t stop;
	int sig;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	while (sigwait(&stop, &sig) != 0)
		continue;
}

/* It may be blocked in accept, or just about to be: nudge it till it ends. */
static void
join(pthread_t t)
{
	struct timespec until;
	int64_t at;

	do {
		pthread_kill(t, SIGUSR2);
		at = clock_mono_ms() + NUDGE_MS;
		until = (struct timespec){at / 1000, at % 1000 * 1000000};
	} while (pthread_clockjoin_np(t, NULL, CLOCK_MONOTONIC, &until) ==
		 ETIMEDOUT);
}

static void
stop_threads(struct worker *w)
{
	unsigned int i;

	atomic_store(&w->server.stopping, true);
	FCGX_ShutdownPending();
	for (i = 0; i < w->nthreads; i++)
		join(w->threads[i]);
	waiting_free(&w->server.waiting);
	join(w->bootstrap);
	free(w->threads);
}

enum err
worker_run(const struct conf *conf, int listen_fd)
{
	struct worker w = {.listen_fd = listen_fd, .server = {.conf = conf}};
	struct store_options o = {.program = "rill.fcgi",
	    .dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .sync = conf->durability == CONF_DISK,
	    .patience_ms = PATIENCE_MS,
	    .cluster = conf->cluster};
	enum err e;

	if ((e = store_open(&w.server.store, &o)) != ERR_OK)
		return e;
	/* Other processes and other times begin elsewhere. */
	w.server.next_id =
	    (uint64_t)clock_now_ticks() << 16 | (uint64_t)getpid();
	w.server.auth = auth_new(conf);
	if ((e = start_threads(&w)) != ERR_OK)
		exit(EXIT_FAILURE);
	log_info("worker", "serving with %u threads", w.nthreads);
	await_signal();
	stop_threads(&w);
	store_close(&w.server.store);
	auth_free(&w.server.auth);
	log_info("worker", "stopped");
	return ERR_OK;
}
