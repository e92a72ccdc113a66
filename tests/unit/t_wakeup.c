#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/wakeup.h"
#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

#define LONG_MS 60000

static int
make_dir(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	fixture_make_dir(f);
	*state = f;
	alarm(50); /* below LONG_MS: who waits so long was not woken */
	return 0;
}

static int
remove_dir(void **state)
{
	fixture_remove_dir(*state);
	free(*state);
	return 0;
}

static struct wakeup *
open_in(struct fixture *f)
{
	struct wakeup *w;

	assert_int_equal(wakeup_open(&w, f->dir), ERR_OK);
	return w;
}

static void
a_bump_is_seen_by_everybody(void **state)
{
	struct wakeup *a = open_in(*state), *b = open_in(*state);
	uint32_t seen = wakeup_now(b);

	wakeup_bump(a);
	assert_int_not_equal(wakeup_now(b), seen);
	assert_int_equal(wakeup_now(a), wakeup_now(b));
	wakeup_close(&a);
	wakeup_close(&b);
	assert_null(b);
	wakeup_close(&b);
}

static void
what_was_seen_outlives_those_who_wrote_it(void **state)
{
	struct wakeup *w = open_in(*state);
	uint32_t before = wakeup_now(w);

	wakeup_bump(w);
	wakeup_close(&w);
	w = open_in(*state);
	assert_int_equal(wakeup_now(w), before + 1);
	wakeup_close(&w);
}

static void
who_saw_too_little_does_not_wait(void **state)
{
	struct wakeup *w = open_in(*state);
	uint32_t seen = wakeup_now(w);

	wakeup_bump(w);
	wakeup_wait(w, seen, LONG_MS);
	wakeup_close(&w);
}

static void
waiting_ends_with_its_time(void **state)
{
	struct wakeup *w = open_in(*state);

	wakeup_wait(w, wakeup_now(w), 1);
	wakeup_wait(w, wakeup_now(w), 0);
	wakeup_wait(w, wakeup_now(w), -1);
	wakeup_close(&w);
}

static int
wait_once(struct child *self, void *arg)
{
	struct wakeup *w = open_in(arg);
	uint32_t seen = wakeup_now(w);

	child_say(self, 'w');
	while (wakeup_now(w) == seen)
		wakeup_wait(w, seen, LONG_MS);
	wakeup_close(&w);
	return 5;
}

static void
a_bump_wakes_other_processes(void **state)
{
	struct child a = child_start(wait_once, *state);
	struct child b = child_start(wait_once, *state);
	struct wakeup *w = open_in(*state);

	assert_int_equal(child_hear(&a), 'w');
	assert_int_equal(child_hear(&b), 'w');
	wakeup_bump(w);
	assert_int_equal(child_end(&a), 5);
	assert_int_equal(child_end(&b), 5);
	wakeup_close(&w);
}

static void
a_folder_that_is_not_there_is_refused(void **state)
{
	struct wakeup *w;

	(void)state;
	assert_int_equal(wakeup_open(&w, "/nowhere/at/all"), ERR_IO);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_bump_is_seen_by_everybody),
	    IN_DIR(what_was_seen_outlives_those_who_wrote_it),
	    IN_DIR(who_saw_too_little_does_not_wait),
	    IN_DIR(waiting_ends_with_its_time),
	    IN_DIR(a_bump_wakes_other_processes),
	    cmocka_unit_test(a_folder_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
