/*
 * Readers and writers in processes of their own, while a third tidies,
 * scavenges and compacts: nobody may ever miss an event, see one twice, or see
 * it damaged. RILL_COMPACT_SECONDS says for how long, RILL_SEED repeats the
 * choices.
 */
#include "config.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/env.h"
#include "store/log.h"
#include "store/scavenge.h"
#include "store/tidy.h"
#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

#define CACHE_BYTES (8u << 20)
#define STREAMS     40 /* of each kind */
#define READERS     2
#define WRITERS     2
#define MAX_DATA    700
#define PAGE        300

/* Kept whole, or cut down to a few events. */
static const char *const kinds[] = {"keep", "cut"};

/* Shared by all processes: they leave the library before they end. */
struct shared {
	atomic_bool stop;
};

struct worker {
	struct fixture f; /* of this process */
	struct shared *shared;
	const struct fixture *home;
	unsigned int index;
	uint64_t dice;
	int64_t next[2][STREAMS]; /* numbers: to write, or to be read */
	struct page *page;
	uint64_t position;
	const char *stream;
};

static uint64_t
roll(struct worker *w, uint64_t sides)
{
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 7;
	w->dice ^= w->dice << 17;
	return w->dice % sides;
}

static void
join(struct worker *w)
{
	struct env_options o = {
	    .dir = w->home->dir, .cache_bytes = CACHE_BYTES};

	log_init("test", LOG_LEVEL_ERROR);
	if (env_open(&w->f.env, &o) != ERR_OK)
		_exit(2);
	w->page = page_new();
}

static int
complain(const struct worker *w, const char *what, const struct entry *e)
{
	fprintf(stderr, "# %s in %.*s at %" PRId64 ", position %" PRIu64 "\n",
	    what, (int)e->stream.n, e->stream.p, e->event.number,
	    e->event.position);
	(void)w;
	return 1;
}

/* What the event says of itself, padded to a length that follows from it. */
static size_t
make_data(char out[MAX_DATA], const char *stream, int64_t number)
{
	int n = snprintf(out, MAX_DATA, "%s/%" PRId64 ":", stream, number);
	size_t size = 40 + (size_t)(number * 37 % (MAX_DATA - 40));

	memset(out + n, 'a' + (int)(number % 26), size - (size_t)n);
	return size;
}

static bool
is_whole(const struct entry *e)
{
	char data[MAX_DATA], name[32];

	if (e->stream.n >= sizeof(name) || slice_is(e->event.type, "fill") ||
	    e->event.type.n == 0 || e->event.type.p[0] == '$')
		return true;
	memcpy(name, e->stream.p, e->stream.n);
	name[e->stream.n] = '\0';
	return slice_eq(
	    e->event.data, slice(data, make_data(data, name, e->event.number)));
}

static int
write_one(struct worker *w, size_t kind, size_t i)
{
	char name[32], data[MAX_DATA];
	struct event ev = {.type = slice_str("t")};
	int64_t *next = &w->next[kind][i];

	snprintf(name, sizeof(name), "%s%zu", kinds[kind], i);
	ev.data = slice(data, make_data(data, name, *next));
	guid_random(&ev.id);
	if (fixture_put(&w->f, name, &ev).outcome != ERR_OK) {
		fprintf(stderr, "# append: %s\n", err_text(w->f.failure));
		return 1;
	}
	(*next)++;
	return 0;
}

/* Each writer has streams of its own. */
static int
write_on(struct child *self, void *arg)
{
	struct worker *w = arg;
	int r = 0;

	child_say(self, 'r');
	while (r == 0 && !atomic_load(&w->shared->stop))
		r = write_one(w, roll(w, 2),
		    roll(w, STREAMS / WRITERS) * WRITERS + w->index);
	return r;
}

static enum err
read_stream(struct txn *tx, void *arg)
{
	struct worker *w = arg;
	struct stream s;
	struct stream_range range = {0, INT64_MAX};
	enum err e;

	page_reset(w->page);
	e = stream_lookup(tx, slice_str(w->stream), &s);
	if (e == ERR_OK) {
		if (s.last - s.first > PAGE)
			s.first = s.last - (int64_t)roll(w, PAGE);
		range.from = s.first;
		e = stream_page(tx, &s, &range, w->page);
	}
	if (e == ERR_OK &&
	    page_count(w->page) != (uint64_t)(s.last - range.from) + 1)
		return ERR_CORRUPT;
	return e == ERR_NO_STREAM ? ERR_OK : e;
}

static int
check_stream(struct worker *w)
{
	char name[32];
	struct entry *e;
	size_t i;
	enum err r;

	snprintf(name, sizeof(name), "%s%" PRIu64, kinds[roll(w, 2)],
	    roll(w, STREAMS));
	w->stream = name;
	r = fixture_run(&w->f, TXN_READ, read_stream, w);
	if (r != ERR_OK) {
		fprintf(stderr, "# reading %s: %s\n", name, err_text(r));
		return 1;
	}
	for (i = 0; i < page_count(w->page); i++) {
		e = page_entry(w->page, i);
		if (i > 0 && e->event.number != e[-1].event.number + 1)
			return complain(w, "a gap", e);
		if (!is_whole(e))
			return complain(w, "damage", e);
	}
	return 0;
}

static enum err
read_all(struct txn *tx, void *arg)
{
	struct worker *w = arg;

	page_reset(w->page);
	return stream_all(tx, w->position, PAGE, w->page);
}

/* Whether a stream that is kept whole goes on with this event. */
static bool
is_next(struct worker *w, const struct entry *e)
{
	unsigned int i;
	char name[32];

	if (e->stream.n < 5 || memcmp(e->stream.p, kinds[0], 4) != 0)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)e->stream.n, e->stream.p);
	i = (unsigned int)strtoul(name + 4, NULL, 10);
	return i < STREAMS && e->event.number == w->next[0][i]++;
}

/* The next page; from the beginning again when there is none. */
static int
check_all(struct worker *w)
{
	enum err r = fixture_run(&w->f, TXN_READ, read_all, w);
	struct entry *e;
	size_t i, n = page_count(w->page);

	if (r != ERR_OK) {
		fprintf(stderr, "# reading $all: %s\n", err_text(r));
		return 1;
	}
	for (i = 0; i < n; i++) {
		e = page_entry(w->page, i);
		if (e->event.position < w->position)
			return complain(w, "disorder", e);
		w->position = e->event.position + 1;
		if (!is_next(w, e))
			return complain(w, "a gap in $all", e);
		if (!is_whole(e))
			return complain(w, "damage in $all", e);
	}
	if (n < PAGE) {
		w->position = 0;
		memset(w->next, 0, sizeof(w->next));
	}
	return 0;
}

static int
read_on(struct child *self, void *arg)
{
	struct worker *w = arg;
	int r = 0;

	child_say(self, 'r');
	while (r == 0 && !atomic_load(&w->shared->stop))
		r = roll(w, 4) == 0 ? check_all(w) : check_stream(w);
	return r;
}

struct worker_start {
	const struct fixture *home;
	unsigned int index;
	uint64_t seed;
	child_f *run;
	struct shared *shared;
};

static int
work(struct child *self, void *arg)
{
	struct worker_start *start = arg;
	struct worker *w = xcalloc(1, sizeof(*w));
	int r;

	w->home = start->home;
	w->shared = start->shared;
	w->index = start->index;
	w->dice = start->seed + 77 * start->index + 1;
	if (child_hear(self) < 0)
		return 3;
	join(w);
	r = start->run(self, w);
	env_close(&w->f.env);
	return r;
}

/* Some room to be freed in all tables. */
static void
fill_and_delete(struct fixture *f, unsigned int round)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "gone%u-%u", round, i);
		assert_int_equal(
		    fixture_fill(f, name, 400, 500).outcome, ERR_OK);
		fixture_delete(f, name, APPEND_HARD_DELETE, EXPECT_ANY);
	}
}

static void
cut_streams(struct fixture *f)
{
	char name[32];
	size_t i;

	for (i = 0; i < STREAMS; i++) {
		snprintf(name, sizeof(name), "%s%zu", kinds[1], i);
		fixture_describe(f, name, "{\"$maxCount\":7}");
	}
}

static bool
go_on(void *arg)
{
	(void)arg;
	return true;
}

/* Not to the end: the writers may be faster. */
static void
tidy_some(struct fixture *f, struct tidy *t)
{
	bool is_tidy = false;
	unsigned int i;

	for (i = 0; i < 5 && !is_tidy; i++)
		assert_int_equal(tidy_run(f->env, t, &is_tidy), ERR_OK);
}

static void
nobody_misses_an_event_while_others_are_removed(void **state)
{
	const char *seconds = getenv("RILL_COMPACT_SECONDS");
	const char *seed = getenv("RILL_SEED");
	struct child children[READERS + WRITERS];
	struct worker_start starts[READERS + WRITERS];
	struct fixture home = {.now = 0}, *f;
	struct verify v = {0};
	struct scavenge s = {.compact = true};
	struct tidy t = {.go_on = go_on};
	unsigned int i, round;
	uint64_t events = 0;
	int64_t end;
	struct shared *shared = mmap(NULL, sizeof(*shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	fixture_make_dir(&home);
	for (i = 0; i < COUNT(children); i++) {
		starts[i] = (struct worker_start){.home = &home,
		    .index = i % WRITERS,
		    .shared = shared,
		    .seed = seed == NULL ? (uint64_t)clock_now_ticks()
					 : strtoull(seed, NULL, 10),
		    .run = i < WRITERS ? write_on : read_on};
		children[i] = child_start(work, &starts[i]);
	}
	print_message("# RILL_SEED=%" PRIu64 "\n", starts[0].seed);
	*state = f = &home;
	assert_int_equal(env_open(&f->env, &(struct env_options){.dir = f->dir,
					       .cache_bytes = CACHE_BYTES,
					       .recover = true}),
	    ERR_OK);
	cut_streams(f);
	for (i = 0; i < COUNT(children); i++)
		child_say(&children[i], 's');
	for (i = 0; i < COUNT(children); i++)
		assert_int_equal(child_hear(&children[i]), 'r');
	end = clock_mono_ms() +
	      1000 * (seconds == NULL ? 2 : strtoll(seconds, NULL, 10));
	for (round = 0; clock_mono_ms() < end; round++) {
		fill_and_delete(f, round);
		tidy_some(f, &t);
		assert_int_equal(scavenge_run(f->env, &s), ERR_OK);
		events += s.events;
		for (i = 0; i < COUNT(children); i++)
			assert_false(child_has_ended(&children[i]));
		assert_int_equal(env_checkpoint(f->env, 32768), ERR_OK);
	}
	print_message("# %u rounds, %" PRIu64 " events removed, %" PRIu64
		      " written, %" PRIu64 " pages tidied\n",
	    round, events, fixture_end(f), t.pages);
	assert_true(events >= 1600);
	assert_int_equal(fixture_faults(f), 0);
	atomic_store(&shared->stop, true);
	for (i = 0; i < COUNT(children); i++)
		assert_int_equal(child_end(&children[i]), 0);
	assert_int_equal(env_checkpoint(f->env, 0), ERR_OK);
	env_close(&f->env);
	assert_int_equal(verify_files(f->dir, &v), ERR_OK);
	assert_int_equal(v.faults, 0);
	fixture_remove_dir(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_misses_an_event_while_others_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
