#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/turns.h"

#define THREADS  8
#define REQUESTS 200

/* Threads that take turns, and what they see of each other. */
struct crowd {
	struct turns *turns;
	bool wait; /* for something else, with each request */
	atomic_int at_work, most;
};

struct hand {
	struct crowd *crowd;
	struct turn turn;
	pthread_t thread;
};

static void
note_most(struct crowd *c, int now)
{
	int most = atomic_load(&c->most);

	while (
	    now > most && !atomic_compare_exchange_strong(&c->most, &most, now))
		continue;
}

static void *
work(void *arg)
{
	struct hand *h = arg;
	struct crowd *c = h->crowd;
	int i;

	for (i = 0; i < REQUESTS; i++) {
		turns_take(c->turns, &h->turn);
		if (atomic_load(&h->turn.is_held)) {
			note_most(c, atomic_fetch_add(&c->at_work, 1) + 1);
			sched_yield();
			atomic_fetch_sub(&c->at_work, 1);
		}
		if (c->wait)
			turns_give(c->turns, &h->turn);
	}
	turns_give(c->turns, &h->turn);
	return NULL;
}

static void
run(struct crowd *c)
{
	struct hand hands[THREADS] = {0};
	int i;

	for (i = 0; i < THREADS; i++) {
		hands[i].crowd = c;
		turns_join(c->turns, &hands[i].turn);
		assert_int_equal(
		    pthread_create(&hands[i].thread, NULL, work, &hands[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(hands[i].thread, NULL);
}

static void
no_more_are_at_work_than_there_are_turns(void **state)
{
	struct crowd c = {.turns = turns_new(2, THREADS)};

	(void)state;
	run(&c);
	assert_in_range(atomic_load(&c.most), 1, 2);
	c.wait = true;
	turns_free(&c.turns);
	c.turns = turns_new(2, THREADS);
	run(&c);
	assert_in_range(atomic_load(&c.most), 1, 2);
	turns_free(&c.turns);
}

static void
who_has_waited_needs_no_turn_for_the_next_request_alone(void **state)
{
	struct turns *ts = turns_new(1, 2);
	struct turn a = {0}, b = {0};

	(void)state;
	turns_take(ts, &a);
	turns_give(ts, &a);
	turns_take(ts, &b);
	assert_true(b.is_held);
	turns_take(ts, &a); /* does not wait for b */
	assert_false(a.is_held);
	turns_give(ts, &b);
	turns_take(ts, &a);
	assert_true(a.is_held);
	turns_free(&ts);
}

static void
who_stays_with_a_request_while_others_wait_loses_its_turn(void **state)
{
	struct turns *ts = turns_new(2, 3);
	struct turn stays = {0}, goes_on = {0}, other = {0};

	(void)state;
	turns_join(ts, &stays);
	turns_join(ts, &goes_on);
	turns_join(ts, &other);
	turns_take(ts, &stays);
	turns_take(ts, &goes_on);
	turns_look(ts, false);
	turns_look(ts, true); /* they may have come this moment */
	assert_true(stays.is_held && goes_on.is_held);
	turns_look(ts, false);
	turns_look(ts, true);
	turns_take(ts, &goes_on);
	turns_look(ts, true);
	assert_false(stays.is_held);
	assert_true(goes_on.is_held);
	turns_take(ts, &other);
	assert_true(other.is_held);
	turns_free(&ts);
}

static void *
take_one(void *arg)
{
	struct hand *h = arg;

	turns_take(h->crowd->turns, &h->turn);
	return NULL;
}

static void
nobody_waits_for_a_turn_when_the_worker_stops(void **state)
{
	struct crowd c = {.turns = turns_new(1, 2)};
	struct hand h = {.crowd = &c};
	struct turn held = {0};

	(void)state;
	turns_take(c.turns, &held);
	assert_int_equal(pthread_create(&h.thread, NULL, take_one, &h), 0);
	turns_close(c.turns);
	pthread_join(h.thread, NULL);
	assert_false(h.turn.is_held);
	turns_free(&c.turns);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_are_at_work_than_there_are_turns),
	    cmocka_unit_test(
		who_has_waited_needs_no_turn_for_the_next_request_alone),
	    cmocka_unit_test(
		who_stays_with_a_request_while_others_wait_loses_its_turn),
	    cmocka_unit_test(nobody_waits_for_a_turn_when_the_worker_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
