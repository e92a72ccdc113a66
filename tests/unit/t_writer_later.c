#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/alloc.h"
#include "store/store.h"
#include "tests/unit/fixture_agent.h"

#define THREADS 8
#define APPENDS 60   /* of each thread */
#define CROWD   2100 /* events, of which two lots do not fit in one batch */

/* An append that no thread waits for. */
struct left {
	struct new_event event, *crowd; /* one of these */
	struct append append;
	unsigned int told; /* how often, of its result */
	enum err result;
};

/* One of the threads that write, each to a stream of its own. */
struct hand {
	struct node *node;
	pthread_t thread;
	char stream[16];
	struct left left[APPENDS];
	unsigned int written;
	enum err failure; /* anything that must not be */
};

static void
run_hands(struct node *n, struct hand *hands, void *(*body)(void *))
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){.node = n};
		snprintf(hands[i].stream, sizeof(hands[i].stream), "own%u", i);
		assert_int_equal(
		    pthread_create(&hands[i].thread, NULL, body, &hands[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(hands[i].thread, NULL), 0);
		assert_int_equal(hands[i].failure, ERR_OK);
	}
}

static void
note_result(void *arg, enum err e)
{
	struct left *l = arg;

	l->told++;
	l->result = e;
}

/* Every fourth asks for what is refused. */
static enum err
leave_one(struct hand *h, struct left *l, int64_t last, bool is_refused)
{
	struct event ev = {.type = slice_str("t"), .data = slice_str("data")};
	enum err e;

	guid_random(&ev.id);
	if ((e = new_event_init(&l->event, &ev)) != ERR_OK)
		return e;
	l->append = (struct append){.stream = slice_str(h->stream),
	    .expected = is_refused ? last + 1000 : last,
	    .events = &l->event,
	    .n = 1};
	return stream_append_later(
	    h->node->f.store, &l->append, note_result, l);
}

static void *
leave_appends(void *arg)
{
	struct hand *h = arg;
	unsigned int i;

	for (i = 0; i < APPENDS && h->failure == ERR_OK; i++) {
		h->failure = leave_one(
		    h, &h->left[i], (int64_t)h->written - 1, i % 4 == 3);
		h->written += i % 4 != 3;
	}
	return NULL;
}

static void
assert_told(struct hand *h)
{
	struct left *l;
	int64_t number = 0;

	for (l = h->left; l < h->left + APPENDS; l++) {
		assert_int_equal(l->told, 1);
		new_event_fini(&l->event);
		if (l->append.expected >= 1000 - 1) {
			assert_int_equal(l->result, ERR_WRONG_VERSION);
			continue;
		}
		assert_int_equal(l->result, ERR_OK);
		assert_int_equal(l->append.first, number++);
	}
	assert_int_equal(number, h->written);
}

/* Of each thread in their order, and at the latest when the store is closed. */
static void
who_does_not_wait_is_told_of_the_result(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];
	unsigned int i;

	run_hands(n, hands, leave_appends);
	store_close(&n->f.store);
	for (i = 0; i < THREADS; i++)
		assert_told(&hands[i]);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(fixture_end(&n->f), THREADS * hands[0].written);
	assert_int_equal(fixture_faults(&n->f), 0);
}

/* So many that no two of these fit in one batch. */
static enum err
make_crowd(struct hand *h, struct left *l)
{
	struct event ev = {.type = slice_str("t"), .data = slice_str("data")};
	enum err e = ERR_OK;

	l->crowd = xcalloc(CROWD, sizeof(*l->crowd));
	l->append = (struct append){.stream = slice_str(h->stream),
	    .expected = EXPECT_ANY,
	    .events = l->crowd};
	for (; l->append.n < CROWD && e == ERR_OK; l->append.n++) {
		guid_random(&ev.id);
		e = new_event_init(&l->crowd[l->append.n], &ev);
	}
	return e;
}

static void
free_crowd(struct left *l)
{
	while (l->append.n > 0)
		new_event_fini(&l->crowd[--l->append.n]);
	free(l->crowd);
}

/* What a thread waits for is left over by the batch of what it left. */
static void *
leave_and_append(void *arg)
{
	struct hand *h = arg;
	struct store *st = h->node->f.store;
	struct left *l = h->left, *awaited = h->left + 1;

	if ((h->failure = make_crowd(h, l)) == ERR_OK &&
	    (h->failure = make_crowd(h, awaited)) == ERR_OK)
		h->failure =
		    stream_append_later(st, &l->append, note_result, l);
	if (h->failure == ERR_OK)
		h->failure = stream_append(st, &awaited->append);
	return NULL;
}

static void
those_who_wait_and_those_who_do_not_are_written_together(void **state)
{
	struct node *n = *state;
	struct hand hands[THREADS];
	unsigned int i;

	run_hands(n, hands, leave_and_append);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(hands[i].left[0].told, 1);
		assert_int_equal(hands[i].left[0].result, ERR_OK);
		assert_int_equal(hands[i].left[1].append.first, CROWD);
		free_crowd(&hands[i].left[0]);
		free_crowd(&hands[i].left[1]);
	}
	assert_int_equal(fixture_end(&n->f), THREADS * 2 * CROWD);
}

#define WITH_AGENT(test) \
	cmocka_unit_test_setup_teardown(test, node_setup_open, node_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_AGENT(who_does_not_wait_is_told_of_the_result),
	    WITH_AGENT(
		those_who_wait_and_those_who_do_not_are_written_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
