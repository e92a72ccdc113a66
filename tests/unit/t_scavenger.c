#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cluster-agent/scavenger.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "tests/unit/fixture_store.h"

#define WAIT_MS 20000

static struct scavenger *
start(struct fixture *f, unsigned every_hours)
{
	return scavenger_start(&(struct scavenger_options){
	    .env = f->env, .dir = f->dir, .every_hours = every_hours});
}

static void
hide_events(struct fixture *f, const char *stream, size_t n)
{
	fixture_describe(f, stream, "{\"$maxCount\":1}");
	assert_int_equal(fixture_fill(f, stream, n + 1, 100).outcome, ERR_OK);
}

/* What the file says of the last pass; *age gets its age in seconds. */
static json_int_t
events_in_file(const struct fixture *f, int64_t *age)
{
	char *path = xasprintf("%s/scavenged", f->dir);
	json_t *line = json_load_file(path, 0, NULL);
	json_t *events = json_object_get(line, "events");
	json_int_t n = events == NULL ? -1 : json_integer_value(events);
	struct stat st = {0};

	*age = stat(path, &st) == 0 ? time(NULL) - st.st_mtime : -1;
	free(path);
	json_decref(line);
	return n;
}

static void
set_age(const struct fixture *f, int64_t seconds)
{
	char *path = xasprintf("%s/scavenged", f->dir);
	FILE *file = fopen(path, "we");
	struct timespec times[2] = {
	    {.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};

	assert_non_null(file);
	fputs("{}", file);
	fclose(file);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(path);
}

static void
one_pass_is_made_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc;
	struct scavenger_pass pass;
	uint64_t first, second;
	int64_t age;

	hide_events(f, "s", 4000);
	sc = start(f, 0);
	assert_int_equal(scavenger_ask(sc, &first), ERR_OK);
	assert_int_equal(scavenger_ask(sc, &second), ERR_TAKEN);
	assert_int_equal(first, second);
	pass.number = first;
	scavenger_look(sc, &pass, 0);
	assert_int_equal(pass.number, first);
	do
		scavenger_look(sc, &pass, WAIT_MS);
	while (!pass.is_over);
	assert_int_equal(pass.outcome, ERR_OK);
	assert_int_equal(pass.did.events, 4000);
	assert_int_equal(events_in_file(f, &age), 4000);
	assert_int_equal(scavenger_ask(sc, &second), ERR_OK);
	assert_int_equal(second, first + 1);
	/* How the one before came out is still known. */
	scavenger_look(sc, &pass, 0);
	scavenger_stop(&sc);
	assert_null(sc);
}

static void
a_stop_breaks_it_off(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc;
	struct scavenger_pass pass = {0};
	uint64_t number;

	hide_events(f, "s", 4000);
	sc = start(f, 0);
	assert_int_equal(scavenger_ask(sc, &number), ERR_OK);
	pass.number = number;
	while (pass.did.events == 0 && !pass.is_over)
		scavenger_look(sc, &pass, 1);
	scavenger_stop(&sc);
	assert_int_equal(fixture_faults(f), 0);
	scavenger_stop(&sc);
}

static void
wait_for_pass(const struct fixture *f, json_int_t events)
{
	int64_t end = clock_mono_ms() + WAIT_MS, age;

	while (events_in_file(f, &age) != events && clock_mono_ms() < end)
		clock_sleep_ms(5);
	assert_int_equal(events_in_file(f, &age), events);
	assert_true(age < 60);
}

static void
it_is_made_when_the_last_one_is_long_ago(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc;

	hide_events(f, "s", 10);
	set_age(f, 2 * 3600 + 10);
	sc = start(f, 2);
	wait_for_pass(f, 10);
	scavenger_stop(&sc);
}

/* Whether it was made would show in the file, which a pass writes. */
static void
it_is_not_made_before(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc;
	struct scavenger_pass pass;
	int64_t age;

	hide_events(f, "s", 10);
	set_age(f, 2 * 3600 - 600);
	sc = start(f, 2);
	assert_int_equal(scavenger_ask(sc, &pass.number), ERR_OK);
	assert_int_equal(pass.number, 1); /* the first one */
	wait_for_pass(f, 10);
	scavenger_stop(&sc);
	set_age(f, 1000 * 3600);
	sc = start(f, 0);
	assert_int_equal(scavenger_ask(sc, &pass.number), ERR_OK);
	assert_int_equal(pass.number, 1);
	wait_for_pass(f, 0);
	assert_int_equal(events_in_file(f, &age), 0);
	scavenger_stop(&sc);
}

static void
a_new_stores_clock_begins_to_run(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc = start(f, 1);
	int64_t end = clock_mono_ms() + WAIT_MS, age;

	do
		events_in_file(f, &age);
	while (age < 0 && clock_mono_ms() < end);
	assert_true(age >= 0);
	assert_int_equal(events_in_file(f, &age), -1);
	scavenger_stop(&sc);
}

/* How far the file says that tidying came; -1: it says nothing. */
static json_int_t
tidied(const struct fixture *f)
{
	char *path = xasprintf("%s/tidied", f->dir);
	json_t *line = json_load_file(path, 0, NULL);
	json_t *position = json_object_get(line, "position");
	json_int_t n = position == NULL ? -1 : json_integer_value(position);

	free(path);
	json_decref(line);
	return n;
}

static void
it_tidies_between_passes(void **state)
{
	struct fixture *f = *state;
	struct scavenger *sc = start(f, 0);
	int64_t end = clock_mono_ms() + WAIT_MS;

	assert_int_equal(fixture_fill(f, "s", 100, 100).outcome, ERR_OK);
	while (tidied(f) != 100 && clock_mono_ms() < end)
		clock_sleep_ms(5);
	assert_int_equal(tidied(f), 100);
	scavenger_stop(&sc);
	assert_int_equal(fixture_faults(f), 0);
}

#define ENV(test)                        \
	cmocka_unit_test_setup_teardown( \
	    test, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ENV(one_pass_is_made_at_a_time),
	    ENV(a_stop_breaks_it_off),
	    ENV(it_is_made_when_the_last_one_is_long_ago),
	    ENV(it_is_not_made_before),
	    ENV(a_new_stores_clock_begins_to_run),
	    ENV(it_tidies_between_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
