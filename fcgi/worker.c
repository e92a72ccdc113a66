#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/appends.h"
#include "fcgi/auth.h"
#include "fcgi/connections.h"
#include "fcgi/line.h"
#include "fcgi/refusals.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/turns.h"
#include "fcgi/waiting.h"
#include "fcgi/worker.h"
#include "fcgi/write.h"
#include "store/alloc.h"
#include "store/bootstrap.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/log.h"
#include "store/store.h"

#define PATIENCE_MS        3000 /* of a request, for a store being recovered */
#define BOOTSTRAP_AGAIN_MS 200
#define NUDGE_MS           20
#define LONGEST_IN_LINE_US (PATIENCE_MS * INT64_C(1000))

/*
 * Within a request.  No web server waits longer for its client (Apache: 300
 * s); the door has others to look after.
 */
#define SILENCE_MS         330000
#define SILENCE_AT_DOOR_MS PATIENCE_MS

/* At a stop, for those that have connected and say nothing. */
#define LAST_MS PATIENCE_MS

#define MOST_KEPT   4096 /* connections, between their requests */
#define OTHER_FILES 64   /* open besides the requests' connections */

/* Requests that one processor has in hand at a time, and those of a worker. */
#define TURNS_PER_CPU 2
#define LEAST_TURNS   4

/* Appends that wait for the disk, for each thread. */
#define PARKED_PER_THREAD 8

/* Between two looks whether all turns are held by threads that wait. */
#define LOOK_MS      5 /* while requests are not accepted */
#define LOOK_IDLY_MS 20

struct thread {
	struct worker *worker;
	pthread_t id;
	struct turn turn;
};

struct worker {
	struct server server;
	struct turns *turns;
	struct line *line;
	struct thread *threads; /* all that were started */
	unsigned int nthreads;
};

/* True: it waits for events, parked, and is no longer the caller's. */
static bool
waits(struct request *r)
{
	if (!r->poll.waits)
		return false;
	log_about(NULL);
	waiting_park(r->server->waiting, r);
	return true;
}

/*
 * For one that waited.  When the store is being recovered, all that become
 * due meanwhile are patient together, not one after the other.
 */
static bool
serve_again(struct request *r)
{
	enum err e = store_await(r->server->store, r->poll.patience);

	request_begin(r);
	if (e == ERR_OK)
		route_request(r);
	else
		reply_error(&r->reply, e);
	if (waits(r))
		return true;
	request_end(r);
	return false;
}

static struct request *
make_request(struct worker *w)
{
	struct request *r;

	if (request_new(&r, &w->server) == ERR_OK)
		return r;
	log_error("worker", "libfcgi cannot make a request");
	abort();
}

/*
 * For the disk or the master, or for the store to be recovered.  An append
 * does not: it is parked, unless it is the only one.  What else is posted is
 * rare; it loses its turn when it stays.
 */
static bool
will_wait(const struct request *r)
{
	struct slice method = request_header(r, HEADER_METHOD);

	if (!store_is_open(r->server->store))
		return true;
	if (slice_is(method, "POST"))
		return !appends_may_park(r->server->appends);
	return !slice_is(method, "GET") && !slice_is(method, "HEAD");
}

/* Returned is what to go on with. */
static struct request *
receive(struct thread *t, struct request *r)
{
	struct request *other;

	request_begin(r);
	if (will_wait(r))
		turns_give(t->worker->turns, &t->turn);
	route_request(r);
	if (waits(r))
		return make_request(t->worker);
	if (r->pending.is_ready) {
		if ((other = appends_park(r->server->appends, r)) != NULL)
			return other;
		write_carry_out(r);
	}
	request_end(r);
	return r;
}

/* One from the line, unless it waited for too long. */
static struct request *
receive_waiting(struct thread *t, struct request *r)
{
	request_limit_silence(r, SILENCE_MS);
	if (clock_mono_us() - r->came_us <= LONGEST_IN_LINE_US)
		return receive(t, r);
	request_turn_away(r);
	return r;
}

static void *
serve_on(void *arg)
{
	struct thread *t = arg;
	struct worker *w = t->worker;
	struct request *first, *r = make_request(w);
	int fd;

	turns_join(w->turns, &t->turn);
	for (;;) {
		turns_take(w->turns, &t->turn);
		if ((first = line_next(w->line, r)) != NULL) {
			r = receive_waiting(t, first);
			continue;
		}
		if (atomic_load(&w->server.stopping))
			break;
		fd = connections_take(w->server.connections, -1);
		line_leave(w->line);
		if (fd >= 0 && request_receive(r, fd, SILENCE_MS))
			r = receive(t, r);
	}
	line_leave(w->line);
	request_free(&r);
	return NULL;
}

/* Of the door; returned is what to go on with. */
static struct request *
let_in(struct thread *door, struct request *r)
{
	struct line *line = door->worker->line;
	struct request *spare;

	switch (line_enter(line, r)) {
	case LINE_SERVE: /* who became free cannot know of it */
		request_limit_silence(r, SILENCE_MS);
		r = receive(door, r);
		break;
	case LINE_WAIT:
		spare = line_spare(line);
		return spare != NULL ? spare : make_request(door->worker);
	case LINE_FULL:
		request_turn_away(r);
		break;
	}
	return r;
}

/* Also while no thread comes to them: those that came before since_us. */
static void
turn_away_late(struct worker *w, int64_t since_us)
{
	struct request *r;

	while ((r = line_late(w->line, since_us)) != NULL) {
		request_turn_away(r);
		request_free(&r);
	}
}

/* Without a turn, ever. */
static void *
stand_at_door(void *arg)
{
	struct thread *door = arg;
	struct worker *w = door->worker;
	struct connections *c = w->server.connections;
	struct request *r = make_request(w);
	int fd;

	while (!atomic_load(&w->server.stopping)) {
		turn_away_late(w, clock_mono_us() - LONGEST_IN_LINE_US);
		if (line_has_free(w->line))
			clock_sleep_ms(LOOK_IDLY_MS);
		else if ((fd = connections_take(c, 0)) < 0)
			clock_sleep_ms(LOOK_MS);
		else if (request_receive(r, fd, SILENCE_AT_DOOR_MS))
			r = let_in(door, r);
	}
	request_free(&r);
	return NULL;
}

static void *
bootstrap(void *arg)
{
	struct thread *t = arg;
	struct worker *w = t->worker;
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

/* Connections that may be open besides those that are served. */
static rlim_t
count_room(const struct conf *c)
{
	rlim_t others = c->threads + OTHER_FILES;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return RLIM_INFINITY;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_max > others ? files.rlim_max - others : 0;
}

/* How many may wait: each has a connection of its own. */
static unsigned int
count_places(const char *setting, unsigned int wanted, rlim_t room)
{
	if (room >= wanted)
		return wanted;
	log_warn("worker",
	    "%u requests may wait, not %s=%u: the limit of open files is too "
	    "low",
	    (unsigned int)room, setting, wanted);
	return (unsigned int)room;
}

/* For those whose number is no setting: at most a quarter. */
static unsigned int
take_room(rlim_t *room, unsigned int wanted)
{
	unsigned int n =
	    *room / 4 < wanted ? (unsigned int)(*room / 4) : wanted;

	*room -= n;
	return n;
}

static unsigned int
count_turns(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN) * TURNS_PER_CPU;

	return n > LEAST_TURNS ? (unsigned int)n : LEAST_TURNS;
}

/* Who may be here without a thread. */
static enum err
make_places(struct worker *w, int listen_fd)
{
	const struct conf *c = w->server.conf;
	rlim_t room = count_room(c);
	unsigned int kept = take_room(&room, MOST_KEPT),
		     parked = take_room(&room, PARKED_PER_THREAD * c->threads),
		     queued;
	enum err e;

	queued = count_places("max_queued", c->max_queued, room / 2);
	w->line = line_new(queued);
	e = connections_new(&w->server.connections, listen_fd, kept);
	if (e != ERR_OK)
		return e;
	e = appends_new(&w->server.appends, &w->server, parked);
	if (e != ERR_OK)
		return e;
	return waiting_new(&w->server.waiting, &w->server, serve_again,
	    count_places("max_waiting", c->max_waiting, room - queued));
}

static int
start_thread(struct worker *w, void *(*run)(void *))
{
	struct thread *t = &w->threads[w->nthreads];
	int r;

	t->worker = w;
	if ((r = pthread_create(&t->id, NULL, run, t)) == 0)
		w->nthreads++;
	return r;
}

static enum err
start_threads(struct worker *w)
{
	unsigned int i, n = w->server.conf->threads;
	int r;

	w->threads = xcalloc(n + 2, sizeof(*w->threads));
	r = start_thread(w, bootstrap);
	for (i = 0; r == 0 && i < n; i++)
		r = start_thread(w, serve_on);
	if (r == 0)
		r = start_thread(w, stand_at_door);
	if (r == 0)
		return ERR_OK;
	log_error("worker", "starting thread %u: %s", w->nthreads, strerror(r));
	return ERR_IO;
}

/* Meanwhile see to it that nobody keeps the turns from others. */
static void
await_signal(struct worker *w)
{
	struct timespec nap = {0, LOOK_IDLY_MS * 1000000L};
	bool busy;
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	while (sigtimedwait(&stop, NULL, &nap) < 0) {
		busy = connections_wait(w->server.connections) ||
		       line_has_waiting(w->line);
		turns_look(w->turns, busy);
		refusals_settle(w->server.refusals);
		nap.tv_nsec = (busy ? LOOK_MS : LOOK_IDLY_MS) * 1000000L;
	}
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

/*
 * At a stop: those that came into the line as the threads ended, and those
 * that had connected and not spoken.  Without a turn, there is no one else.
 */
static void
serve_last(struct worker *w)
{
	int64_t until_ms = clock_mono_ms() + LAST_MS;
	struct thread t = {.worker = w};
	struct request *first, *r = make_request(w);
	int fd;

	for (;;) {
		first = line_next(w->line, r);
		if (first != NULL) {
			r = receive_waiting(&t, first);
			continue;
		}
		fd = connections_last(w->server.connections, until_ms);
		line_leave(w->line);
		if (fd < 0)
			break;
		if (request_receive(r, fd, SILENCE_AT_DOOR_MS))
			r = receive(&t, r);
	}
	request_free(&r);
}

/* All that began, which may be a part. */
static void
stop(struct worker *w)
{
	atomic_store(&w->server.stopping, true);
	turns_close(w->turns);
	while (w->nthreads > 0)
		join(w->threads[--w->nthreads].id);
	if (w->server.waiting != NULL)
		serve_last(w);
	appends_free(&w->server.appends);
	waiting_free(&w->server.waiting);
	connections_free(&w->server.connections);
	line_free(&w->line);
	free(w->threads);
	turns_free(&w->turns);
}

enum err
worker_run(const struct conf *conf, int listen_fd)
{
	struct worker w = {.server = {.conf = conf}};
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
	w.server.refusals = refusals_new();
	w.turns = turns_new(count_turns(), conf->threads);
	if ((e = make_places(&w, listen_fd)) == ERR_OK &&
	    (e = start_threads(&w)) == ERR_OK) {
		log_info("worker", "serving with %u threads", conf->threads);
		await_signal(&w);
	}
	stop(&w);
	store_close(&w.server.store);
	auth_free(&w.server.auth);
	refusals_free(&w.server.refusals);
	log_info("worker", "stopped");
	return e;
}
