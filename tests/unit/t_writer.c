#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/alloc.h"
#include "store/store.h"
#include "store/tally.h"
#include "store/tbl_counters.h"
#include "store/wakeup.h"
#include "tests/unit/fixture_agent.h"

#define THREADS 8
#define APPENDS 60   /* of each thread */
#define CROWD   2100 /* events, of which two lots do not fit in one batch */

/* Of these, beside the one that is being carried out, no more may wait. */
#define LARGE_BYTES (((size_t)16 << 20) - 4096)
#define MOST_LARGE  16

/* One of the threads that write. */
struct hand {
	struct fixture *f;
	unsigned int index;
	pthread_t thread;
	char stream[16];
	uint64_t positions[APPENDS];
	unsigned int written, refused;
	enum err failure; /* anything that must not be */
};

static void
run_hands(struct fixture *f, struct hand *hands, void *(*body)(void *))
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){.f = f, .index = i};
		snprintf(hands[i].stream, sizeof(hands[i].stream), "own%u", i);
		assert_int_equal(
		    pthread_create(&hands[i].thread, NULL, body, &hands[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(hands[i].thread, NULL), 0);
		assert_int_equal(hands[i].failure, ERR_OK);
	}
}

/* An event with an id of its own; cmocka's asserts are for one thread. */
static enum err
append_one(
    struct hand *h, const char *stream, int64_t expected, struct append *a)
{
	struct event ev = {.type = slice_str("t"), .data = slice_str("data")};
	struct new_event ne;
	enum err e;

	guid_random(&ev.id);
	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	*a = (struct append){.stream = slice_str(stream),
	    .expected = expected,
	    .events = &ne,
	    .n = 1};
	e = stream_append(h->f->store, a);
	new_event_fini(&ne);
	return e;
}

static void *
append_to_own_stream(void *arg)
{
	struct hand *h = arg;
	struct append a;
	enum err e;
	int64_t i;

	for (i = 0; i < APPENDS && h->failure == ERR_OK; i++) {
		e = append_one(h, h->stream, i - 1, &a);
		if (e != ERR_OK || a.first != i || a.current != i)
			h->failure = e != ERR_OK ? e : ERR_CORRUPT;
		h->positions[i] = a.position;
	}
	return NULL;
}

/* Who is left over by a batch has to wait for the next. */
static void *
append_crowds(void *arg)
{
	struct event ev = {.type = slice_str("t"), .data = slice_str("data")};
	struct hand *h = arg;
	struct new_event *events = xcalloc(CROWD, sizeof(*events));
	struct append a = {.stream = slice_str(h->stream),
	    .expected = EXPECT_NO_STREAM,
	    .events = events};

	for (; a.n < CROWD && h->failure == ERR_OK; a.n++) {
		guid_random(&ev.id);
		h->failure = new_event_init(&events[a.n], &ev);
	}
	if (h->failure == ERR_OK)
		h->failure = stream_append(h->f->store, &a);
	while (a.n > 0)
		new_event_fini(&events[--a.n]);
	free(events);
	return NULL;
}

static void
who_does_not_fit_in_a_batch_is_in_the_next(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];

	run_hands(&n->f, hands, append_crowds);
	assert_int_equal(fixture_end(&n->f), THREADS * CROWD);
}

/* Keeps the writer waiting in the midst of an append, as a disk may. */
struct holder {
	struct fixture *f;
	pthread_t thread;
	sem_t holds, let_go;
	sem_t told; /* that the queue is full, somebody was */
	enum err result;
};

static enum err
keep_counters(struct txn *tx, void *arg)
{
	struct holder *h = arg;
	struct counters counters;
	enum err e = tbl_counters_get_for_update(tx, &counters);

	sem_post(&h->holds);
	sem_wait(&h->let_go);
	return e;
}

static void *
hold(void *arg)
{
	struct holder *h = arg;

	h->result = txn_run(h->f->store, TXN_WRITE, keep_counters, h);
	return NULL;
}

static void
begin_to_hold(struct holder *h)
{
	sem_init(&h->holds, 0, 0);
	sem_init(&h->let_go, 0, 0);
	sem_init(&h->told, 0, 0);
	assert_int_equal(pthread_create(&h->thread, NULL, hold, h), 0);
	sem_wait(&h->holds);
}

static void
let_go(struct holder *h)
{
	sem_post(&h->let_go);
	assert_int_equal(pthread_join(h->thread, NULL), 0);
	assert_int_equal(h->result, ERR_OK);
	sem_destroy(&h->holds);
	sem_destroy(&h->let_go);
	sem_destroy(&h->told);
}

/* An append of LARGE_BYTES while somebody holds the writer. */
struct large {
	struct holder *holder;
	pthread_t thread;
	enum err result;
};

/* Refused in its turn, so that its bytes, which nobody looks at, stay here. */
static void *
append_large(void *arg)
{
	static unsigned char record[1];
	struct large *l = arg;
	struct new_event ne = {.record = record, .record_len = LARGE_BYTES};
	struct append a = {
	    .stream = slice_str("none"), .expected = 7, .events = &ne, .n = 1};

	guid_random(&ne.id);
	l->result = stream_append(l->holder->f->store, &a);
	if (l->result == ERR_BUSY)
		sem_post(&l->holder->told);
	return NULL;
}

static bool
hear_of_one_who_is_told(struct holder *h)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FIXTURE_PATIENCE_MS / 1000;
	return sem_timedwait(&h->told, &until) == 0;
}

static int64_t
count_queued(struct fixture *f)
{
	struct tally_living living;

	tally_look(store_tally(f->store), &living);
	return living.gauges[TALLY_QUEUED];
}

/* One is being carried out, MOST_LARGE wait. */
static void
who_finds_the_queue_full_is_told_at_once(void **state)
{
	struct fixture *f = &((struct node *)*state)->f;
	struct holder holder = {.f = f};
	struct large larges[1 + MOST_LARGE + 1];
	size_t i, refused = 0;
	int64_t queued;
	bool is_told;

	fixture_post(f, "kept", EXPECT_ANY, "ab");
	begin_to_hold(&holder);
	for (i = 0; i < COUNT(larges); i++) {
		larges[i].holder = &holder;
		assert_int_equal(pthread_create(&larges[i].thread, NULL,
				     append_large, &larges[i]),
		    0);
	}
	is_told = hear_of_one_who_is_told(&holder);
	queued = count_queued(f);
	assert_string_equal(fixture_ids(f, "kept"), "ab");
	let_go(&holder);
	for (i = 0; i < COUNT(larges); i++) {
		assert_int_equal(pthread_join(larges[i].thread, NULL), 0);
		if (larges[i].result == ERR_BUSY)
			refused++;
		else
			assert_int_equal(larges[i].result, ERR_WRONG_VERSION);
	}
	assert_true(is_told);
	assert_int_equal(queued, MOST_LARGE);
	assert_int_equal(refused, 1);
	assert_int_equal(fixture_post(f, "kept", 1, "c").outcome, ERR_OK);
	assert_string_equal(fixture_ids(f, "kept"), "abc");
}

static int
compare_positions(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
many_threads_write_each_position_once(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];
	uint64_t all[THREADS * APPENDS];
	size_t i;

	run_hands(&n->f, hands, append_to_own_stream);
	for (i = 0; i < THREADS; i++)
		memcpy(all + i * APPENDS, hands[i].positions,
		    sizeof(hands[i].positions));
	qsort(all, COUNT(all), sizeof(all[0]), compare_positions);
	for (i = 0; i < COUNT(all); i++)
		assert_int_equal(all[i], i);
	assert_int_equal(fixture_end(&n->f), COUNT(all));
	assert_int_equal(fixture_faults(&n->f), 0);
}

/* All of them try to be the next. */
static void *
race_for_one_stream(void *arg)
{
	struct hand *h = arg;
	struct append a = {.current = EVENT_NUMBER_NONE};
	enum err e;

	while (h->written < APPENDS / 4) {
		e = append_one(h, "shared", a.current, &a);
		if (e == ERR_OK) {
			h->written++;
		} else if (e == ERR_WRONG_VERSION) {
			h->refused++;
		} else {
			h->failure = e;
			break;
		}
	}
	return NULL;
}

static void
of_those_who_expect_the_same_version_one_wins(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];

	run_hands(&n->f, hands, race_for_one_stream);
	assert_int_equal(
	    strlen(fixture_ids(&n->f, "shared")), THREADS * (APPENDS / 4));
	assert_int_equal(fixture_end(&n->f), THREADS * (APPENDS / 4));
	assert_int_equal(fixture_faults(&n->f), 0);
}

/* Every other thread asks for what is refused. */
static void *
append_or_be_refused(void *arg)
{
	struct hand *h = arg;
	struct append a;
	enum err e;
	int i;

	if (h->index % 2 == 0)
		return append_to_own_stream(h);
	for (i = 0; i < APPENDS; i++) {
		e = append_one(h, "own0", 1000000, &a);
		if (e != ERR_WRONG_VERSION)
			h->failure = e == ERR_OK ? ERR_CORRUPT : e;
	}
	return NULL;
}

static void
refused_appends_do_not_disturb_the_others(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];

	run_hands(&n->f, hands, append_or_be_refused);
	assert_int_equal(fixture_end(&n->f), THREADS / 2 * APPENDS);
	assert_int_equal(strlen(fixture_ids(&n->f, "own0")), APPENDS);
	assert_int_equal(strlen(fixture_ids(&n->f, "own1")), 0);
	assert_int_equal(fixture_faults(&n->f), 0);
}

static void
an_id_twice_in_one_batch_is_refused(void **state)
{
	struct node *n = *state;

	assert_int_equal(
	    fixture_post(&n->f, "tw", EXPECT_ANY, "aba").outcome, ERR_INVALID);
	assert_string_equal(fixture_ids(&n->f, "tw"), "");
	assert_int_equal(
	    fixture_post(&n->f, "tw", EXPECT_ANY, "ab").outcome, ERR_OK);
}

static void
outcomes_are_handed_back(void **state)
{
	struct fixture *f = &((struct node *)*state)->f;
	struct append a;

	a = fixture_post(f, "out", EXPECT_NO_STREAM, "abc");
	assert_int_equal(a.first, 0);
	assert_int_equal(a.current, 2);
	a = fixture_post(f, "out", 7, "d");
	assert_int_equal(a.outcome, ERR_WRONG_VERSION);
	assert_int_equal(a.current, 2);
	a = fixture_delete(f, "out", APPEND_HARD_DELETE, 2);
	assert_int_equal(a.outcome, ERR_OK);
	a = fixture_post(f, "out", EXPECT_ANY, "d");
	assert_int_equal(a.outcome, ERR_DELETED);
}

static void
a_large_batch_is_written_in_one_piece(void **state)
{
	struct fixture *f = &((struct node *)*state)->f;
	struct append a = fixture_fill(f, "large", 5000, 100);

	assert_int_equal(a.outcome, ERR_OK);
	assert_int_equal(a.current, 4999);
	assert_int_equal(a.position, 4999);
	assert_int_equal(fixture_end(f), 5000);
}

/* Another process: told 'g', it writes to a stream of its own and to ours. */
static int
write_beside(struct child *self, void *arg)
{
	struct node *n = arg;
	struct hand h = {.f = &n->f};
	struct append a;
	int i;

	node_open_store(n, FIXTURE_PATIENCE_MS);
	child_hear(self);
	for (i = 0; i < APPENDS; i++)
		if (append_one(&h, "beside", i - 1, &a) != ERR_OK ||
		    append_one(&h, "shared", EXPECT_ANY, &a) != ERR_OK)
			return 1;
	store_close(&n->f.store);
	return 0;
}

static int
setup_beside(void **state)
{
	struct node *n;

	if (node_setup(state) != 0)
		return -1;
	n = *state;
	n->other = child_start(write_beside, n);
	node_start_agent(n);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	return 0;
}

static void *
append_to_shared_stream(void *arg)
{
	struct hand *h = arg;
	struct append a;
	int i;

	for (i = 0; i < APPENDS && h->failure == ERR_OK; i++)
		h->failure = append_one(h, "shared", EXPECT_ANY, &a);
	return NULL;
}

static void
two_processes_write_at_the_same_time(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];

	child_say(&n->other, 'g');
	run_hands(&n->f, hands, append_to_shared_stream);
	assert_int_equal(child_end(&n->other), 0);
	assert_int_equal(strlen(fixture_ids(&n->f, "beside")), APPENDS);
	assert_int_equal(
	    strlen(fixture_ids(&n->f, "shared")), (THREADS + 1) * APPENDS);
	assert_int_equal(fixture_end(&n->f), (THREADS + 2) * APPENDS);
	assert_int_equal(fixture_faults(&n->f), 0);
}

static void
who_waits_is_woken_by_another_process(void **state)
{
	struct node *n = *state;
	struct wakeup *w = store_wakeup(n->f.store);
	struct wakeup_mark mark;
	uint32_t seen;

	/* The other one waits for the word. */
	assert_int_equal(
	    fixture_post(&n->f, "first", EXPECT_ANY, "a").outcome, ERR_OK);
	mark = wakeup_mark(w, slice_str("beside"));
	wakeup_watch(w, &mark);
	child_say(&n->other, 'g');
	/* It bumps after its commit, and when it comes inside. */
	while (strlen(fixture_ids(&n->f, "beside")) == 0) {
		seen = wakeup_now(w);
		if (!wakeup_has_moved(w, &mark))
			wakeup_sleep(w, seen, FIXTURE_PATIENCE_MS);
		mark = wakeup_mark(w, slice_str("beside"));
	}
	wakeup_watch_end(w, &mark);
	assert_int_equal(child_end(&n->other), 0);
}

/* Whether "s", "$$s" and $all have moved since the marks were taken. */
struct three {
	struct wakeup_mark marks[3];
};

static struct three
look(struct wakeup *w)
{
	return (struct three){
	    {wakeup_mark(w, slice_str("s")), wakeup_mark(w, slice_str("$$s")),
		wakeup_mark(w, slice_str("$all"))}};
}

static void
assert_all_moved(struct wakeup *w, struct three *t)
{
	size_t i;

	for (i = 0; i < COUNT(t->marks); i++)
		assert_true(wakeup_has_moved(w, &t->marks[i]));
	*t = look(w);
}

static void
every_way_to_change_a_stream_wakes_its_readers(void **state)
{
	struct fixture *f = *state;
	struct wakeup *w = store_wakeup(f->store);
	struct three t = look(w);

	assert_int_equal(fixture_post(f, "s", EXPECT_ANY, "a").outcome, ERR_OK);
	assert_all_moved(w, &t);
	assert_int_equal(
	    fixture_describe(f, "s", "{\"$acl\":{}}").outcome, ERR_OK);
	assert_all_moved(w, &t);
	assert_int_equal(
	    fixture_delete(f, "s", APPEND_SOFT_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
	assert_all_moved(w, &t);
	assert_int_equal(fixture_post(f, "s", EXPECT_ANY, "b").outcome, ERR_OK);
	assert_all_moved(w, &t);
	assert_int_equal(
	    fixture_delete(f, "s", APPEND_HARD_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
	assert_all_moved(w, &t);
}

static void
what_is_refused_wakes_nobody(void **state)
{
	struct fixture *f = *state;
	struct wakeup *w = store_wakeup(f->store);
	struct three t;
	size_t i;

	assert_int_equal(fixture_post(f, "s", EXPECT_ANY, "a").outcome, ERR_OK);
	t = look(w);
	assert_int_equal(
	    fixture_post(f, "s", 7, "b").outcome, ERR_WRONG_VERSION);
	for (i = 0; i < COUNT(t.marks); i++)
		assert_false(wakeup_has_moved(w, &t.marks[i]));
}

#define WITH_AGENT(test) \
	cmocka_unit_test_setup_teardown(test, node_setup_open, node_teardown)
#define BESIDE(test) \
	cmocka_unit_test_setup_teardown(test, setup_beside, node_teardown)

static enum err
take_end(struct txn *tx, void *arg)
{
	*(uint64_t *)arg = tx->end;
	return ERR_OK;
}

/* So that readers of $all need not look where every commit writes. */
static void
what_is_committed_is_told_to_readers(void **state)
{
	struct fixture *f = &((struct node *)*state)->f;
	struct append a;
	uint64_t end = 0;

	/* The first one may have begun before the agent's tenure. */
	fixture_post(f, "told", EXPECT_ANY, "abc");
	a = fixture_post(f, "told", EXPECT_ANY, "de");
	assert_int_equal(stream_run(f->store, take_end, &end), ERR_OK);
	assert_true(end == a.position + 1);
	a = fixture_post(f, "told", 17, "f");
	assert_int_equal(a.outcome, ERR_WRONG_VERSION);
	assert_true(fixture_end(f) == end);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_AGENT(outcomes_are_handed_back),
	    WITH_AGENT(what_is_committed_is_told_to_readers),
	    WITH_AGENT(an_id_twice_in_one_batch_is_refused),
	    WITH_AGENT(a_large_batch_is_written_in_one_piece),
	    WITH_AGENT(many_threads_write_each_position_once),
	    WITH_AGENT(who_does_not_fit_in_a_batch_is_in_the_next),
	    WITH_AGENT(who_finds_the_queue_full_is_told_at_once),
	    WITH_AGENT(of_those_who_expect_the_same_version_one_wins),
	    WITH_AGENT(refused_appends_do_not_disturb_the_others),
	    BESIDE(two_processes_write_at_the_same_time),
	    BESIDE(who_waits_is_woken_by_another_process),
	    WITH_AGENT(every_way_to_change_a_stream_wakes_its_readers),
	    WITH_AGENT(what_is_refused_wakes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
