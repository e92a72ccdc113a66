#include "config.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/custody.h"
#include "store/role.h"
#include "store/store.h"
#include "tests/unit/fixture_agent.h"

#define WRITERS      4
#define ROUNDS       3
#define MOST_WRITTEN 200000
#define IMPATIENT_MS 100

/*
 * What is kept of an environment that was abandoned is left to the library,
 * see env_abandon().
 */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:env_open\nleak:libdb-5.3\n";
}

static void
work_waits_for_an_agent_to_come(void **state)
{
	struct node *n = *state;

	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_false(store_is_open(n->f.store));
	node_start_agent(n);
	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome, ERR_OK);
	assert_true(store_is_open(n->f.store));
	assert_string_equal(fixture_ids(&n->f, "s"), "abc");
}

static void
patience_ends_without_an_agent(void **state)
{
	struct node *n = *state;
	struct page *pg = page_new();
	struct stream_range all = {0, 10};

	node_open_store(n, IMPATIENT_MS);
	assert_int_equal(fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome,
	    ERR_UNAVAILABLE);
	assert_int_equal(fixture_read(&n->f, "s", all, pg), ERR_UNAVAILABLE);
	page_free(&pg);
}

/* As if the writer still waited for the disk. */
static void
what_may_be_lost_is_not_shown(void **state)
{
	struct node *n = *state;
	struct role *role = NULL;
	struct page *pg = page_new();
	struct stream_range all = {0, 10};
	uint64_t tenure = 0;

	node_start_agent(n);
	node_open_store(n, IMPATIENT_MS);
	while (fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome != ERR_OK)
		continue;
	role = store_role(n->f.store);
	role_assume(role, ROLE_MASTER, "");
	role_prolong(role, INT64_MAX);
	assert_true(role_is_master(role, &tenure));
	role_raise_acked(role, tenure, 2);
	assert_int_equal(fixture_read(&n->f, "s", all, pg), ERR_UNAVAILABLE);
	all.to = 1;
	page_reset(pg);
	assert_int_equal(fixture_read(&n->f, "s", all, pg), ERR_OK);
	all.to = 10;
	page_reset(pg);
	role_raise_acked(role, tenure, 3);
	assert_int_equal(fixture_read(&n->f, "s", all, pg), ERR_OK);
	assert_int_equal(page_count(pg), 3);
	page_free(&pg);
}

static void
patience_ends_when_the_agent_has_stopped(void **state)
{
	struct node *n = *state;

	node_start_agent(n);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome, ERR_OK);
	store_close(&n->f.store);
	node_open_store(n, IMPATIENT_MS);
	node_stop_agent(n);
	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "d").outcome, ERR_UNAVAILABLE);
	assert_false(store_is_open(n->f.store));
}

static void
a_stopped_agent_leaves_everything_to_the_next(void **state)
{
	struct node *n = *state;

	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome, ERR_OK);
	node_stop_agent(n);
	node_start_agent(n);
	assert_string_equal(fixture_ids(&n->f, "s"), "abc");
	assert_int_equal(fixture_post(&n->f, "s", 2, "d").outcome, ERR_OK);
	assert_int_equal(fixture_faults(&n->f), 0);
}

/* A thread that writes numbered events, or reads, until it is told to stop. */
struct scribe {
	struct fixture *f;
	pthread_t thread;
	char stream[16];
	atomic_uint written; /* acknowledged */
	atomic_bool stop;
	enum err failure;
	int64_t wrong; /* answers that may not be */
};

/*
 * A process with some of them, in memory that it shares with the test: an
 * agent that recovers ends the processes that hang in the library on what
 * another one left locked, or that are too slow to leave.
 */
struct crew {
	struct node *node;
	void *(*body)(void *);
	struct scribe scribes[WRITERS];
};

static struct guid
numbered_id(uint32_t number)
{
	struct guid id = {{0}};

	memcpy(id.b, &number, sizeof(number));
	id.b[15] = 1;
	return id;
}

static enum err
write_number(struct scribe *s, uint32_t number, struct append *a)
{
	struct event ev = {.id = numbered_id(number),
	    .type = slice_str("n"),
	    .data = slice(&number, sizeof(number))};
	struct new_event ne;
	enum err e;

	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	*a = (struct append){.stream = slice_str(s->stream),
	    .expected = EXPECT_ANY,
	    .events = &ne,
	    .n = 1};
	e = stream_append(s->f->store, a);
	new_event_fini(&ne);
	return e;
}

static void *
scribble(void *arg)
{
	struct scribe *s = arg;
	struct append a;
	uint32_t number = atomic_load(&s->written);

	while (!atomic_load(&s->stop) && number < MOST_WRITTEN) {
		if ((s->failure = write_number(s, number, &a)) != ERR_OK)
			break;
		if (a.first != number)
			s->wrong++;
		atomic_store(&s->written, ++number);
	}
	return NULL;
}

static int
run_crew(struct child *self, void *arg)
{
	struct crew *c = arg;
	int i, status = 0;

	(void)self;
	node_open_store(c->node, FIXTURE_PATIENCE_MS);
	for (i = 0; i < WRITERS; i++)
		pthread_create(
		    &c->scribes[i].thread, NULL, c->body, &c->scribes[i]);
	for (i = 0; i < WRITERS; i++) {
		pthread_join(c->scribes[i].thread, NULL);
		if (c->scribes[i].failure != ERR_OK)
			status = 1;
	}
	store_close(&c->node->f.store);
	return status;
}

static struct crew *
start_crew(struct node *n, void *(*body)(void *))
{
	struct crew *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	assert_true(c != MAP_FAILED);
	*c = (struct crew){.node = n, .body = body};
	for (i = 0; i < WRITERS; i++) {
		c->scribes[i].f = &n->f;
		snprintf(c->scribes[i].stream, sizeof(c->scribes[i].stream),
		    "sc%d", i);
	}
	n->other = child_start(run_crew, c);
	return c;
}

/* What was ended by the agent begins anew. */
static void
keep_crew(struct crew *c)
{
	if (!child_has_ended(&c->node->other))
		return;
	assert_int_equal(child_end(&c->node->other), -SIGKILL);
	c->node->other = child_start(run_crew, c);
}

/* Until each of them has done some more. */
static void
await_progress(struct crew *c)
{
	unsigned int i, before;

	for (i = 0; i < WRITERS; i++) {
		before = atomic_load(&c->scribes[i].written);
		while (atomic_load(&c->scribes[i].written) < before + 10) {
			clock_sleep_ms(1);
			keep_crew(c);
		}
	}
}

static void
stop_crew(struct crew *c)
{
	int i, status;

	for (i = 0; i < WRITERS; i++)
		atomic_store(&c->scribes[i].stop, true);
	status = child_end(&c->node->other);
	assert_true(status == 0 || status == -SIGKILL);
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(c->scribes[i].wrong, 0);
}

/* All it wrote is there, once and in order, and nothing else. */
static void
expect_numbers(struct fixture *f, struct scribe *s)
{
	uint32_t written = atomic_load(&s->written), number = 0, found;
	struct page *pg = page_new();
	size_t i;

	while (number < written) {
		struct stream_range range = {number, number + 999};

		assert_int_equal(fixture_read(f, s->stream, range, pg), ERR_OK);
		assert_true(page_count(pg) > 0);
		for (i = 0; i < page_count(pg); i++, number++) {
			const struct event *ev = &page_entry(pg, i)->event;

			memcpy(&found, ev->data.p, sizeof(found));
			assert_int_equal(found, number);
			assert_int_equal(ev->number, number);
		}
	}
	assert_int_equal(number, written);
	page_free(&pg);
}

static void
no_acknowledged_event_is_lost_when_the_agent_is_killed(void **state)
{
	struct node *n = *state;
	struct crew *crew = start_crew(n, scribble);
	int i;

	node_start_agent(n);
	for (i = 0; i < ROUNDS; i++) {
		await_progress(crew);
		node_kill_agent(n);
		node_start_agent(n);
	}
	await_progress(crew);
	stop_crew(crew);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	for (i = 0; i < WRITERS; i++)
		expect_numbers(&n->f, &crew->scribes[i]);
	assert_int_equal(fixture_faults(&n->f), 0);
	munmap(crew, sizeof(*crew));
}

static void
no_acknowledged_event_is_lost_when_a_worker_is_killed(void **state)
{
	struct node *n = *state;
	struct crew *crew = start_crew(n, scribble);
	int i;

	node_start_agent(n);
	for (i = 0; i < ROUNDS; i++) {
		await_progress(crew);
		kill(n->other.pid, SIGKILL);
	}
	await_progress(crew);
	stop_crew(crew);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	for (i = 0; i < WRITERS; i++)
		expect_numbers(&n->f, &crew->scribes[i]);
	assert_int_equal(fixture_faults(&n->f), 0);
	munmap(crew, sizeof(*crew));
}

/* Until the agent has the store for itself. */
static void
await_recovery(struct node *n)
{
	struct custody *c;

	assert_int_equal(custody_open(&c, n->f.dir), ERR_OK);
	while (custody_casualties(c) > 0)
		clock_sleep_ms(1);
	custody_close(&c);
}

static void
a_worker_at_rest_survives_the_death_of_another(void **state)
{
	struct node *n = *state;
	struct crew *crew = start_crew(n, scribble);

	node_start_agent(n);
	await_progress(crew);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome, ERR_OK);
	child_kill(&n->other);
	await_recovery(n);
	assert_int_equal(fixture_post(&n->f, "s", 2, "d").outcome, ERR_OK);
	assert_string_equal(fixture_ids(&n->f, "s"), "abcd");
	munmap(crew, sizeof(*crew));
}

static void
nobody_waits_for_a_store_that_a_thread_cannot_leave(void **state)
{
	struct node *n = *state;
	struct env *env;

	node_start_agent(n);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(store_enter(n->f.store,
			     clock_mono_ms() + FIXTURE_PATIENCE_MS, &env),
	    ERR_OK);
	node_kill_agent(n);
	while (store_is_open(n->f.store))
		clock_sleep_ms(1);
	assert_int_equal(
	    store_await(n->f.store, clock_mono_ms() + FIXTURE_PATIENCE_MS),
	    ERR_UNAVAILABLE);
	store_exit(n->f.store, ERR_OK);
}

/* Reads what stays the same while the store goes away and comes back. */
static void *
read_on(void *arg)
{
	struct scribe *s = arg;
	struct stream_range range = {0, 2};
	struct page *pg = page_new();

	while (!atomic_load(&s->stop)) {
		s->failure = fixture_read(s->f, "s", range, pg);
		if (s->failure != ERR_OK)
			break;
		if (page_count(pg) != 3)
			s->wrong++;
		atomic_fetch_add(&s->written, 1);
	}
	page_free(&pg);
	return NULL;
}

static void
readers_do_not_notice_that_the_agent_is_killed(void **state)
{
	struct node *n = *state;
	struct crew *crew;
	int i;

	node_start_agent(n);
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(
	    fixture_post(&n->f, "s", EXPECT_ANY, "abc").outcome, ERR_OK);
	store_close(&n->f.store);
	crew = start_crew(n, read_on);
	for (i = 0; i < ROUNDS; i++) {
		await_progress(crew);
		node_kill_agent(n);
		node_start_agent(n);
	}
	await_progress(crew);
	stop_crew(crew);
	munmap(crew, sizeof(*crew));
}

/* Of the threads of this process, how many do not sleep. */
static int
count_awake(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int awake = 0;

	assert_non_null(tasks);
	while ((entry = readdir(tasks)) != NULL) {
		char *path, line[512] = "";
		const char *state;
		FILE *f;

		path = xasprintf("/proc/self/task/%s/stat", entry->d_name);
		if (entry->d_name[0] != '.' &&
		    (f = fopen(path, "re")) != NULL) {
			if (fgets(line, sizeof(line), f) != NULL &&
			    (state = strrchr(line, ')')) != NULL &&
			    state[2] != 'S')
				awake++;
			fclose(f);
		}
		free(path);
	}
	closedir(tasks);
	return awake;
}

static void *
append_one(void *arg)
{
	struct scribe *s = arg;
	struct append a;

	atomic_store(&s->written, 1);
	s->failure = write_number(s, 0, &a);
	return NULL;
}

/* Start one, until it waits and nobody but this thread does anything. */
static void
queue_one(struct fixture *f, struct scribe *s, char name)
{
	int calm = 0;

	*s = (struct scribe){.f = f, .stream = "queued"};
	s->stream[0] = name;
	assert_int_equal(pthread_create(&s->thread, NULL, append_one, s), 0);
	while (atomic_load(&s->written) == 0)
		clock_sleep_ms(1);
	while (calm < 5) {
		clock_sleep_ms(2);
		calm = count_awake() <= 1 ? calm + 1 : 0;
	}
}

static void
closing_finishes_what_is_queued(void **state)
{
	struct node *n = *state;
	struct scribe scribes[WRITERS];
	int i;

	/* The writer has taken the first; the others wait behind it. */
	node_open_store(n, FIXTURE_PATIENCE_MS);
	for (i = 0; i < WRITERS; i++)
		queue_one(&n->f, &scribes[i], (char)('0' + i));
	node_start_agent(n);
	store_close(&n->f.store);
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(scribes[i].thread, NULL), 0);
		assert_int_equal(scribes[i].failure, ERR_OK);
	}
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_int_equal(fixture_end(&n->f), WRITERS);
}

static void
a_store_can_be_opened_again_and_again(void **state)
{
	struct node *n = *state;
	int i;

	node_start_agent(n);
	for (i = 0; i < 5; i++) {
		node_open_store(n, FIXTURE_PATIENCE_MS);
		assert_int_equal(fixture_post(&n->f, "s", i - 1,
				     (char[]){(char)('a' + i), '\0'})
				     .outcome,
		    ERR_OK);
		store_close(&n->f.store);
	}
	node_open_store(n, FIXTURE_PATIENCE_MS);
	assert_string_equal(fixture_ids(&n->f, "s"), "abcde");
}

static void
a_store_that_was_never_open_can_be_closed(void **state)
{
	struct node *n = *state;

	node_open_store(n, FIXTURE_PATIENCE_MS);
	store_close(&n->f.store);
	assert_null(n->f.store);
	store_close(&n->f.store);
}

static void
a_folder_that_is_not_there_is_refused(void **state)
{
	struct store_options o = {.program = "test", .dir = "/nowhere/at/all"};
	struct store *st = NULL;

	(void)state;
	assert_int_equal(store_open(&st, &o), ERR_IO);
	assert_null(st);
}

#define WITHOUT_AGENT(test) \
	cmocka_unit_test_setup_teardown(test, node_setup, node_teardown)
#define WITH_AGENT(test) \
	cmocka_unit_test_setup_teardown(test, node_setup_open, node_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITHOUT_AGENT(work_waits_for_an_agent_to_come),
	    WITHOUT_AGENT(patience_ends_without_an_agent),
	    WITHOUT_AGENT(what_may_be_lost_is_not_shown),
	    WITHOUT_AGENT(patience_ends_when_the_agent_has_stopped),
	    WITH_AGENT(a_stopped_agent_leaves_everything_to_the_next),
	    WITHOUT_AGENT(
		no_acknowledged_event_is_lost_when_the_agent_is_killed),
	    WITHOUT_AGENT(
		no_acknowledged_event_is_lost_when_a_worker_is_killed),
	    WITHOUT_AGENT(a_worker_at_rest_survives_the_death_of_another),
	    WITHOUT_AGENT(nobody_waits_for_a_store_that_a_thread_cannot_leave),
	    WITHOUT_AGENT(readers_do_not_notice_that_the_agent_is_killed),
	    WITHOUT_AGENT(closing_finishes_what_is_queued),
	    WITHOUT_AGENT(a_store_can_be_opened_again_and_again),
	    WITHOUT_AGENT(a_store_that_was_never_open_can_be_closed),
	    cmocka_unit_test(a_folder_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
