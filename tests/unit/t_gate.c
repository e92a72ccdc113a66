#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/gate.h"
#include "store/clock.h"

#define THREADS 8

/* What threads do at a gate, and what came of it. */
struct crowd {
	struct gate *gate;
	struct credential keys[THREADS];
	enum gate_result results[THREADS];
	atomic_int inside, most, through;
};

struct hand {
	struct crowd *crowd;
	int i;
	pthread_t thread;
};

static void *
go_through(void *arg)
{
	struct hand *h = arg;
	struct crowd *c = h->crowd;
	int inside, most;

	c->results[h->i] = gate_enter(c->gate, &c->keys[h->i]);
	if (c->results[h->i] == GATE_OPEN) {
		inside = atomic_fetch_add(&c->inside, 1) + 1;
		for (most = atomic_load(&c->most); inside > most;)
			if (atomic_compare_exchange_strong(
				&c->most, &most, inside))
				break;
		clock_sleep_ms(2);
		atomic_fetch_sub(&c->inside, 1);
		gate_leave(c->gate, &c->keys[h->i]);
	}
	atomic_fetch_add(&c->through, 1);
	return NULL;
}

static void
run(struct crowd *c)
{
	struct hand hands[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){.crowd = c, .i = i};
		assert_int_equal(pthread_create(&hands[i].thread, NULL,
				     go_through, &hands[i]),
		    0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(hands[i].thread, NULL);
	assert_int_equal(atomic_load(&c->through), THREADS);
}

static int
count(const struct crowd *c, enum gate_result result)
{
	int i, n = 0;

	for (i = 0; i < THREADS; i++)
		n += c->results[i] == result;
	return n;
}

static void
make_keys_differ(struct crowd *c)
{
	int i;

	for (i = 0; i < THREADS; i++)
		c->keys[i].digest[31] = (unsigned char)i;
}

static void
no_more_than_the_slots_are_inside(void **state)
{
	struct crowd c = {.gate = gate_new(2, THREADS)};

	(void)state;
	make_keys_differ(&c);
	run(&c);
	assert_int_equal(count(&c, GATE_OPEN), THREADS);
	assert_in_range(atomic_load(&c.most), 1, 2);
	gate_free(&c.gate);
	assert_null(c.gate);
}

/* With the only slot taken, all of them have to come while it is. */
static void
run_behind(struct crowd *c, const struct credential *inside, int expected)
{
	struct hand hands[THREADS];
	int i;

	assert_int_equal(gate_enter(c->gate, inside), GATE_OPEN);
	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){.crowd = c, .i = i};
		assert_int_equal(pthread_create(&hands[i].thread, NULL,
				     go_through, &hands[i]),
		    0);
	}
	while (atomic_load(&c->through) < expected)
		clock_sleep_ms(1);
	gate_leave(c->gate, inside);
	for (i = 0; i < THREADS; i++)
		pthread_join(hands[i].thread, NULL);
}

static void
who_finds_too_many_waiting_is_sent_away(void **state)
{
	struct crowd c = {.gate = gate_new(1, 3)};
	struct credential other = {{255}};

	(void)state;
	make_keys_differ(&c);
	run_behind(&c, &other, THREADS - 3);
	assert_int_equal(count(&c, GATE_FULL), THREADS - 3);
	assert_int_equal(count(&c, GATE_OPEN), 3);
	gate_free(&c.gate);
}

static void
of_the_same_credential_one_goes_in(void **state)
{
	struct crowd c = {.gate = gate_new(1, 0)};

	(void)state;
	/* All keys are equal, and that of who is inside as well.  Who comes
	 * late may go in by itself. */
	run_behind(&c, &c.keys[0], 0);
	assert_int_equal(count(&c, GATE_FULL), 0);
	assert_int_equal(
	    count(&c, GATE_WAITED) + count(&c, GATE_OPEN), THREADS);
	gate_free(&c.gate);
}

static void
who_has_no_credential_waits_for_nobody_elses(void **state)
{
	struct gate *g = gate_new(2, 0);

	(void)state;
	assert_int_equal(gate_enter(g, NULL), GATE_OPEN);
	assert_int_equal(gate_enter(g, NULL), GATE_OPEN);
	assert_int_equal(gate_enter(g, NULL), GATE_FULL);
	gate_leave(g, NULL);
	assert_int_equal(gate_enter(g, NULL), GATE_OPEN);
	gate_leave(g, NULL);
	gate_leave(g, NULL);
	gate_free(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_than_the_slots_are_inside),
	    cmocka_unit_test(who_finds_too_many_waiting_is_sent_away),
	    cmocka_unit_test(of_the_same_credential_one_goes_in),
	    cmocka_unit_test(who_has_no_credential_waits_for_nobody_elses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
