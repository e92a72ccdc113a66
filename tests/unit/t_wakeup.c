#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
bump(struct wakeup *w, const char *stream)
{
	struct slice name = slice_str(stream);

	wakeup_bump(w, &name, 1);
}

static void
a_bump_is_seen_by_everybody(void **state)
{
	struct wakeup *a = open_in(*state), *b = open_in(*state);
	struct wakeup_mark mark = wakeup_mark(b, slice_str("s"));

	assert_false(wakeup_has_moved(b, &mark));
	bump(a, "s");
	assert_true(wakeup_has_moved(b, &mark));
	assert_true(wakeup_has_moved(a, &mark));
	mark = wakeup_mark(b, slice_str("s"));
	assert_false(wakeup_has_moved(a, &mark));
	wakeup_close(&a);
	wakeup_close(&b);
	assert_null(b);
	wakeup_close(&b);
}

static void
what_was_seen_outlives_those_who_wrote_it(void **state)
{
	struct wakeup *w = open_in(*state);
	struct wakeup_mark before = wakeup_mark(w, slice_str("s")), after;

	bump(w, "s");
	after = wakeup_mark(w, slice_str("s"));
	wakeup_close(&w);
	w = open_in(*state);
	assert_true(wakeup_has_moved(w, &before));
	assert_false(wakeup_has_moved(w, &after));
	wakeup_close(&w);
}

/* Which of these a bump of one stream moves; '1' for each that it does. */
static void
assert_moves(struct fixture *f, const char *bumped, const char *expected)
{
	static const char *const names[] = {
	    "s", "$$s", "t", "$$t", "", "$all", "$$$all"};
	struct wakeup_mark marks[COUNT(names)];
	char moved[COUNT(names) + 1] = "";
	struct wakeup *w = open_in(f);
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		marks[i] = wakeup_mark(w, slice_str(names[i]));
	bump(w, bumped);
	for (i = 0; i < COUNT(names); i++)
		moved[i] = wakeup_has_moved(w, &marks[i]) ? '1' : '0';
	assert_string_equal(moved, expected);
	wakeup_close(&w);
}

static void
a_bump_moves_the_stream_its_metastream_and_all(void **state)
{
	assert_moves(*state, "s", "1100011");
	assert_moves(*state, "$$s", "1100011");
	assert_moves(*state, "t", "0011011");
	assert_moves(*state, "another", "0000011");
	assert_moves(*state, "$$$all", "0000011");
}

static void
several_streams_move_at_once(void **state)
{
	struct wakeup *w = open_in(*state);
	struct slice both[] = {slice_str("a"), slice_str("b")};
	struct wakeup_mark a = wakeup_mark(w, both[0]);
	struct wakeup_mark b = wakeup_mark(w, both[1]);

	wakeup_bump(w, both, COUNT(both));
	assert_true(wakeup_has_moved(w, &a));
	assert_true(wakeup_has_moved(w, &b));
	wakeup_close(&w);
}

static void
a_bump_of_all_moves_every_mark_and_the_sleepers(void **state)
{
	struct wakeup *w = open_in(*state);
	struct wakeup_mark s = wakeup_mark(w, slice_str("s"));
	struct wakeup_mark all = wakeup_mark(w, slice_str("$all"));
	uint32_t seen = wakeup_now(w);

	wakeup_bump_all(w);
	assert_true(wakeup_has_moved(w, &s));
	assert_true(wakeup_has_moved(w, &all));
	assert_int_not_equal(wakeup_now(w), seen);
	wakeup_close(&w);
}

static void
only_a_watched_stream_wakes_sleepers(void **state)
{
	struct wakeup *w = open_in(*state), *other = open_in(*state);
	struct wakeup_mark mark = wakeup_mark(w, slice_str("s"));
	uint32_t seen = wakeup_now(w);

	bump(other, "s");
	assert_int_equal(wakeup_now(w), seen);
	wakeup_watch(w, &mark);
	bump(other, "t");
	assert_int_equal(wakeup_now(w), seen);
	bump(other, "$$s");
	assert_int_not_equal(wakeup_now(w), seen);
	wakeup_watch_end(w, &mark);
	seen = wakeup_now(w);
	bump(other, "s");
	assert_int_equal(wakeup_now(w), seen);
	wakeup_close(&other);
	wakeup_close(&w);
}

static void
who_watches_all_is_woken_by_every_stream(void **state)
{
	struct wakeup *w = open_in(*state);
	struct wakeup_mark mark = wakeup_mark(w, slice_str("$all"));
	uint32_t seen = wakeup_now(w);

	wakeup_watch(w, &mark);
	bump(w, "s");
	assert_int_not_equal(wakeup_now(w), seen);
	wakeup_watch_end(w, &mark);
	wakeup_close(&w);
}

static void
who_saw_too_little_does_not_sleep(void **state)
{
	struct wakeup *w = open_in(*state);
	uint32_t seen = wakeup_now(w);

	wakeup_bump_all(w);
	wakeup_sleep(w, seen, LONG_MS);
	wakeup_close(&w);
}

static void
sleep_ends_with_its_time(void **state)
{
	struct wakeup *w = open_in(*state);

	wakeup_sleep(w, wakeup_now(w), 1);
	wakeup_sleep(w, wakeup_now(w), 0);
	wakeup_sleep(w, wakeup_now(w), -1);
	wakeup_close(&w);
}

static int
wait_once(struct child *self, void *arg)
{
	struct wakeup *w = open_in(arg);
	struct wakeup_mark mark = wakeup_mark(w, slice_str("s"));
	uint32_t seen;

	wakeup_watch(w, &mark);
	child_say(self, 'w');
	do {
		seen = wakeup_now(w);
		if (wakeup_has_moved(w, &mark))
			break;
		wakeup_sleep(w, seen, LONG_MS);
	} while (true);
	wakeup_watch_end(w, &mark);
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
	bump(w, "s");
	assert_int_equal(child_end(&a), 5);
	assert_int_equal(child_end(&b), 5);
	wakeup_close(&w);
}

/* A process that dies watching leaves its count, which must not matter. */
static int
die_watching(struct child *self, void *arg)
{
	struct wakeup *w = open_in(arg);
	struct wakeup_mark mark = wakeup_mark(w, slice_str("s"));

	wakeup_watch(w, &mark);
	child_say(self, 'w');
	wakeup_sleep(w, wakeup_now(w), LONG_MS);
	return 0;
}

static void
the_death_of_one_who_waits_harms_nobody(void **state)
{
	struct child dead = child_start(die_watching, *state);
	struct child a = child_start(wait_once, *state);
	struct wakeup *w = open_in(*state);

	assert_int_equal(child_hear(&dead), 'w');
	child_kill(&dead);
	assert_int_equal(child_hear(&a), 'w');
	bump(w, "s");
	assert_int_equal(child_end(&a), 5);
	wakeup_close(&w);
}

/* That of the first layout, whose first words meant something else. */
static void
a_file_of_another_layout_is_not_used(void **state)
{
	struct fixture *f = *state;
	char path[96], bytes[4096], now[4096];
	struct wakeup *w;
	FILE *old;

	memset(bytes, 0xa5, sizeof(bytes));
	snprintf(path, sizeof(path), "%s/wakeup", f->dir);
	assert_non_null(old = fopen(path, "w+"));
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), old), sizeof(bytes));
	fflush(old);
	w = open_in(f);
	assert_int_equal(wakeup_now(w), 0);
	bump(w, "s");
	wakeup_close(&w);
	rewind(old);
	assert_int_equal(fread(now, 1, sizeof(now), old), sizeof(now));
	assert_memory_equal(now, bytes, sizeof(now));
	fclose(old);
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
	    IN_DIR(a_bump_moves_the_stream_its_metastream_and_all),
	    IN_DIR(several_streams_move_at_once),
	    IN_DIR(a_bump_of_all_moves_every_mark_and_the_sleepers),
	    IN_DIR(only_a_watched_stream_wakes_sleepers),
	    IN_DIR(who_watches_all_is_woken_by_every_stream),
	    IN_DIR(who_saw_too_little_does_not_sleep),
	    IN_DIR(sleep_ends_with_its_time),
	    IN_DIR(a_bump_wakes_other_processes),
	    IN_DIR(the_death_of_one_who_waits_harms_nobody),
	    IN_DIR(a_file_of_another_layout_is_not_used),
	    cmocka_unit_test(a_folder_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
