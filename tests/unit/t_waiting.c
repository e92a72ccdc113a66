#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/poll.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/waiting.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/store.h"
#include "store/wakeup.h"
#include "tests/unit/fixture_agent.h"

#define PLACES  8
#define MANY    500
#define LONG_S  300
#define POSTERS 3
#define POSTS   40

/* What the requests of a test do, and what came of them. */
struct hall {
	struct node *node;
	struct conf conf;
	struct server server;
	atomic_uint served;   /* runs after the first */
	atomic_uint over;     /* of these, the last ones */
	atomic_uint answered; /* by an event */
	atomic_uint waiting;  /* not answered or dropped yet */
	int64_t number;       /* of the event that they wait for */
};

/* For serve(), which only gets a request.  Set before threads begin. */
static struct hall *hall;

/* As a handler does: is the event there, or may it wait?  True: it waits. */
static bool
attempt(struct request *r)
{
	struct stream_range range = {hall->number, hall->number};
	struct page *pg = page_new();
	size_t n = 0;

	poll_look(r, slice_str("s"));
	if (fixture_read(&hall->node->f, "s", range, pg) == ERR_OK)
		n = page_count(pg);
	page_free(&pg);
	if (n == 0 && poll_wait(r, LONG_S)) {
		waiting_park(hall->server.waiting, r);
		return true;
	}
	atomic_fetch_add(n > 0 ? &hall->answered : &hall->over, 1);
	return false;
}

static bool
serve(struct request *r)
{
	atomic_fetch_add(&hall->served, 1);
	if (attempt(r))
		return true;
	atomic_fetch_sub(&hall->waiting, 1);
	return false;
}

static void
open_hall(struct hall *h, struct node *n, unsigned int places)
{
	*h = (struct hall){.node = n,
	    .conf = {.threads = 16},
	    .server = {.conf = &h->conf, .store = n->f.store}};
	hall = h;
	/* That it opens moves all marks. */
	assert_int_equal(
	    store_await(n->f.store, store_deadline(n->f.store)), ERR_OK);
	assert_int_equal(
	    waiting_new(&h->server.waiting, &h->server, serve, places), ERR_OK);
}

static void
close_hall(struct hall *h)
{
	atomic_store(&h->server.stopping, true);
	waiting_free(&h->server.waiting);
	assert_null(h->server.waiting);
	waiting_free(&h->server.waiting);
}

/* One end is the request's; -1: it has no connection. */
static struct request *
new_request(struct hall *h, int fd)
{
	struct request *r;

	assert_int_equal(request_new(&r, &h->server), ERR_OK);
	r->fcgx.ipcFd = fd;
	return r;
}

/* Whether it found a place; it is the hall's then. */
static bool
enter(struct hall *h, int fd)
{
	struct request *r = new_request(h, fd);

	atomic_fetch_add(&h->waiting, 1);
	if (attempt(r))
		return true;
	atomic_fetch_sub(&h->waiting, 1);
	request_free(&r);
	return false;
}

static void
await(const atomic_uint *value, unsigned int wanted)
{
	int64_t deadline = clock_mono_ms() + FIXTURE_PATIENCE_MS;

	while (atomic_load(value) != wanted && clock_mono_ms() < deadline)
		clock_sleep_ms(1);
	assert_int_equal(atomic_load(value), wanted);
}

static void
post(struct hall *h, const char *stream)
{
	assert_int_equal(
	    fixture_fill(&h->node->f, stream, 1, 10).outcome, ERR_OK);
}

static void
an_event_answers_all_who_wait_for_it(void **state)
{
	struct hall h;
	unsigned int i;

	open_hall(&h, *state, MANY);
	for (i = 0; i < MANY; i++)
		assert_true(enter(&h, -1));
	post(&h, "s");
	await(&h.answered, MANY);
	assert_int_equal(atomic_load(&h.over), 0);
	close_hall(&h);
}

static void
beyond_the_places_nobody_waits(void **state)
{
	struct hall h;
	unsigned int i;

	open_hall(&h, *state, PLACES);
	for (i = 0; i < PLACES; i++)
		assert_true(enter(&h, -1));
	assert_false(enter(&h, -1));
	post(&h, "s");
	await(&h.waiting, 0);
	h.number = 1;
	/* The last one leaves its place when it is counted already. */
	for (i = 0; i < 1000 && !enter(&h, -1); i++)
		clock_sleep_ms(1);
	assert_true(i < 1000);
	close_hall(&h);
}

static void
with_no_places_nobody_waits(void **state)
{
	struct hall h;

	open_hall(&h, *state, 0);
	assert_false(enter(&h, -1));
	close_hall(&h);
}

static void
all_are_answered_when_the_worker_stops(void **state)
{
	struct hall h;
	unsigned int i;

	open_hall(&h, *state, MANY);
	for (i = 0; i < MANY; i++)
		assert_true(enter(&h, -1));
	close_hall(&h);
	assert_int_equal(atomic_load(&h.over), MANY);
	assert_int_equal(atomic_load(&h.waiting), 0);
}

static void
what_others_write_runs_nobody(void **state)
{
	struct hall h;

	open_hall(&h, *state, PLACES);
	assert_true(enter(&h, -1));
	post(&h, "t");
	post(&h, "u");
	close_hall(&h);
	assert_int_equal(atomic_load(&h.served), 1);
	assert_int_equal(atomic_load(&h.over), 1);
}

/* Events before the one that is waited for. */
static void
who_is_woken_in_vain_waits_on(void **state)
{
	struct hall h;
	unsigned int i;

	open_hall(&h, *state, PLACES);
	h.number = 20;
	assert_true(enter(&h, -1));
	for (i = 0; i < 20; i++)
		post(&h, "s");
	assert_int_equal(atomic_load(&h.answered), 0);
	post(&h, "s");
	await(&h.answered, 1);
	close_hall(&h);
}

static void
what_came_before_it_was_parked_is_not_missed(void **state)
{
	struct hall h;
	struct request *r;

	open_hall(&h, *state, PLACES);
	r = new_request(&h, -1);
	atomic_fetch_add(&h.waiting, 1);
	poll_look(r, slice_str("s"));
	post(&h, "s");
	assert_true(poll_wait(r, LONG_S));
	waiting_park(h.server.waiting, r);
	await(&h.answered, 1);
	close_hall(&h);
}

static void
a_client_that_is_gone_leaves_its_place(void **state)
{
	struct hall h;
	int ends[2];

	open_hall(&h, *state, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_true(enter(&h, ends[0]));
	assert_false(enter(&h, -1));
	close(ends[1]);
	while (!enter(&h, -1))
		clock_sleep_ms(1);
	assert_int_equal(atomic_load(&h.served), 0);
	close_hall(&h);
}

/* It may still read. */
static void
a_client_that_has_no_more_to_say_is_answered(void **state)
{
	struct hall h;
	int ends[2];

	open_hall(&h, *state, PLACES);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_true(enter(&h, ends[0]));
	shutdown(ends[1], SHUT_WR);
	await(&h.waiting, 0);
	assert_int_equal(atomic_load(&h.over), 1);
	close(ends[1]);
	close_hall(&h);
}

struct poster {
	pthread_t thread;
	struct hall *hall;
	enum err failure;
};

static void *
post_on(void *arg)
{
	struct poster *p = arg;
	struct fixture *f = &p->hall->node->f;
	struct new_event ne;
	struct event ev = {.type = slice_str("t")};
	unsigned int i;

	for (i = 0; i < POSTS && p->failure == ERR_OK; i++) {
		struct append a = {.stream = slice_str("s"),
		    .expected = EXPECT_ANY,
		    .events = &ne,
		    .n = 1};

		guid_random(&ev.id);
		if ((p->failure = new_event_init(&ne, &ev)) != ERR_OK)
			break;
		p->failure = stream_append(f->store, &a);
		new_event_fini(&ne);
	}
	return NULL;
}

/* The last event comes while some park, some run and some rest. */
static void
nobody_is_forgotten_while_writers_are_busy(void **state)
{
	struct poster posters[POSTERS];
	struct hall h;
	unsigned int i, n = 0;

	open_hall(&h, *state, MANY);
	h.number = (int64_t)POSTERS * POSTS - 1;
	for (i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.hall = &h};
		assert_int_equal(pthread_create(&posters[i].thread, NULL,
				     post_on, &posters[i]),
		    0);
	}
	for (i = 0; i < MANY; i++)
		n += enter(&h, -1);
	for (i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
		assert_int_equal(posters[i].failure, ERR_OK);
	}
	await(&h.waiting, 0);
	assert_int_equal(atomic_load(&h.answered), MANY);
	assert_true(n <= MANY);
	close_hall(&h);
}

#define WITH_AGENT(test) \
	cmocka_unit_test_setup_teardown(test, node_setup_open, node_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_AGENT(an_event_answers_all_who_wait_for_it),
	    WITH_AGENT(beyond_the_places_nobody_waits),
	    WITH_AGENT(with_no_places_nobody_waits),
	    WITH_AGENT(all_are_answered_when_the_worker_stops),
	    WITH_AGENT(what_others_write_runs_nobody),
	    WITH_AGENT(who_is_woken_in_vain_waits_on),
	    WITH_AGENT(what_came_before_it_was_parked_is_not_missed),
	    WITH_AGENT(a_client_that_is_gone_leaves_its_place),
	    WITH_AGENT(a_client_that_has_no_more_to_say_is_answered),
	    WITH_AGENT(nobody_is_forgotten_while_writers_are_busy),
	};

	FCGX_Init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
