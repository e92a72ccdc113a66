#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_store.h"

/*
 * append_apply() beside a model of the contract's words that shares no code
 * with it, on the same random requests.  RILL_SEED chooses others.
 */
#define STEPS        4000
#define STREAMS      4
#define MAX_EVENTS   2000 /* of a stream, all of them remembered */
#define DEFAULT_SEED 20130614

#define NO_NUMBER (-9)

struct model_stream {
	char name[16];
	int64_t last;
	char ids[MAX_EVENTS];
	int64_t metadata;  /* how many events its metastream has */
	int64_t begins_at; /* its $tb, unless it is soft-deleted */
	bool is_soft_deleted, is_hard_deleted;
};

struct model {
	struct model_stream streams[STREAMS];
	uint64_t end; /* the next position */
	unsigned int named;
	uint64_t dice;
};

/* What should come of a request. */
struct answer {
	enum err outcome;
	int64_t first; /* or NO_NUMBER: it says nothing */
	int64_t current;
};

static uint64_t
roll(struct model *m, uint64_t sides)
{
	m->dice ^= m->dice << 13;
	m->dice ^= m->dice >> 7;
	m->dice ^= m->dice << 17;
	return m->dice % sides;
}

static void
begin_stream(struct model *m, struct model_stream *s)
{
	memset(s, 0, sizeof(*s));
	s->last = -1;
	snprintf(s->name, sizeof(s->name), "m%u", m->named++);
}

static int64_t
find(const struct model_stream *s, char id)
{
	int64_t i;

	for (i = 0; i <= s->last; i++)
		if (s->ids[i] == id)
			return i;
	return NO_NUMBER;
}

static size_t
count_known(const struct model_stream *s, const char *ids)
{
	size_t n = 0;

	for (; *ids != '\0'; ids++)
		if (find(s, *ids) != NO_NUMBER)
			n++;
	return n;
}

static bool
stands_at(const struct model_stream *s, int64_t number, const char *ids)
{
	for (; *ids != '\0'; ids++, number++)
		if (find(s, *ids) != number)
			return false;
	return true;
}

/* What the server writes to the metastream by itself. */
static void
model_metadata(struct model *m, struct model_stream *s, bool soft_deletes)
{
	s->metadata++;
	m->end++;
	s->is_soft_deleted = soft_deletes;
}

static struct answer
model_store(struct model *m, struct model_stream *s, const char *ids)
{
	struct answer r = {ERR_OK, s->last + 1, 0};

	for (; *ids != '\0'; ids++) {
		s->ids[++s->last] = *ids;
		m->end++;
	}
	r.current = s->last;
	if (s->is_soft_deleted) {
		model_metadata(m, s, false);
		s->begins_at = r.first;
	}
	return r;
}

static struct answer
wrong_version(const struct model_stream *s)
{
	return (struct answer){ERR_WRONG_VERSION, NO_NUMBER, s->last};
}

static struct answer
model_any(struct model *m, struct model_stream *s, const char *ids)
{
	size_t known = count_known(s, ids);

	if (known == 0)
		return model_store(m, s, ids);
	if (known == strlen(ids))
		return (struct answer){ERR_OK, find(s, ids[0]), s->last};
	return wrong_version(s);
}

static struct answer
model_exact(
    struct model *m, struct model_stream *s, int64_t expected, const char *ids)
{
	bool all_new = count_known(s, ids) == 0;

	if (expected == s->last && all_new)
		return model_store(m, s, ids);
	if (expected == -1 && s->is_soft_deleted && all_new)
		return model_store(m, s, ids);
	if (expected >= -1 && expected < s->last &&
	    stands_at(s, expected + 1, ids))
		return (struct answer){ERR_OK, expected + 1, s->last};
	if (expected == -1 && !s->is_soft_deleted && s->last >= 0 &&
	    stands_at(s, s->begins_at, ids))
		return (struct answer){ERR_OK, s->begins_at, s->last};
	return wrong_version(s);
}

static struct answer
model_post(
    struct model *m, struct model_stream *s, int64_t expected, const char *ids)
{
	if (s->is_hard_deleted || (expected == -4 && s->is_soft_deleted))
		return (struct answer){ERR_DELETED, NO_NUMBER, s->last};
	if (expected == -4 && s->last == -1 && s->metadata == 0)
		return wrong_version(s);
	if (expected == -2 || expected == -4)
		return model_any(m, s, ids);
	return model_exact(m, s, expected, ids);
}

static struct answer
model_delete(struct model *m, struct model_stream *s, int64_t expected,
    enum append_kind kind)
{
	if (s->is_hard_deleted || (expected == -4 && s->is_soft_deleted))
		return (struct answer){ERR_DELETED, NO_NUMBER, s->last};
	if (expected == -4 && s->last == -1 && s->metadata == 0)
		return wrong_version(s);
	if (expected != -2 && expected != -4 && expected != s->last &&
	    !(expected == -1 && s->is_soft_deleted))
		return wrong_version(s);
	if (kind == APPEND_SOFT_DELETE) {
		model_metadata(m, s, true);
	} else {
		s->is_hard_deleted = true;
		m->end++;
	}
	return (struct answer){ERR_OK, NO_NUMBER, s->last};
}

static struct answer
model_describe(struct model *m, struct model_stream *s)
{
	struct answer r = {ERR_OK, s->metadata, s->metadata};

	if (s->is_hard_deleted)
		return (struct answer){ERR_DELETED, NO_NUMBER, s->metadata - 1};
	s->metadata++;
	m->end++;
	s->begins_at = 0;
	if (s->is_soft_deleted) {
		model_metadata(m, s, false);
		s->begins_at = s->last + 1;
		r.current++;
	}
	return r;
}

/* Some distinct ids, known and new ones, often in the order they stand. */
static void
choose_ids(struct model *m, const struct model_stream *s, char *ids)
{
	size_t i, n = roll(m, 4) + 1;
	char first = (char)('!' + roll(m, 90));

	if (s->last >= 0 && roll(m, 2) == 0)
		first = s->ids[roll(m, (uint64_t)s->last + 1)];
	for (i = 0; i < n; i++) {
		int64_t at = find(s, first);

		ids[i] = first;
		if (at != NO_NUMBER && at < s->last && roll(m, 4) > 0)
			first = s->ids[at + 1];
		else
			first = (char)('!' + roll(m, 90));
		if (memchr(ids, first, i + 1) != NULL)
			break;
	}
	ids[i < n ? i + 1 : n] = '\0';
}

static int64_t
choose_version(struct model *m, const struct model_stream *s)
{
	switch (roll(m, 6)) {
	case 0:
		return EXPECT_ANY;
	case 1:
		return EXPECT_STREAM;
	case 2:
		return EXPECT_NO_STREAM;
	case 3:
		return s->last;
	default:
		return (int64_t)roll(m, (uint64_t)s->last + 4) - 3;
	}
}

static void
expect_answer(const struct append *a, const struct answer *r)
{
	assert_int_equal(a->outcome, r->outcome);
	if (r->first != NO_NUMBER)
		assert_int_equal(a->first, r->first);
	assert_int_equal(a->current, r->current);
}

static void
take_step(struct fixture *f, struct model *m)
{
	struct model_stream *s = &m->streams[roll(m, STREAMS)];
	int64_t expected = choose_version(m, s);
	uint64_t kind = roll(m, 100);
	char ids[8];
	struct append a;
	struct answer r;

	if (kind < 80) {
		choose_ids(m, s, ids);
		r = model_post(m, s, expected, ids);
		a = fixture_post(f, s->name, expected, ids);
	} else if (kind < 88) {
		r = model_describe(m, s);
		a = fixture_describe(f, s->name, "{\"$maxCount\":9}");
	} else {
		enum append_kind deletion =
		    kind < 98 ? APPEND_SOFT_DELETE : APPEND_HARD_DELETE;

		r = model_delete(m, s, expected, deletion);
		a = fixture_delete(f, s->name, deletion, expected);
	}
	expect_answer(&a, &r);
}

static void
expect_same_contents(struct fixture *f, struct model *m)
{
	size_t i;

	assert_int_equal(fixture_end(f), m->end);
	for (i = 0; i < STREAMS; i++) {
		struct model_stream *s = &m->streams[i];
		char meta[24];

		s->ids[s->last + 1] = '\0';
		assert_string_equal(fixture_ids(f, s->name), s->ids);
		snprintf(meta, sizeof(meta), "$$%s", s->name);
		assert_int_equal(strlen(fixture_ids(f, meta)), s->metadata);
	}
}

/* A stream that is gone, or has used most ids, makes room for a new one. */
static void
replace_used(struct model *m)
{
	size_t i;

	for (i = 0; i < STREAMS; i++)
		if (m->streams[i].last > 70 ||
		    (m->streams[i].is_hard_deleted && roll(m, 10) == 0))
			begin_stream(m, &m->streams[i]);
}

static uint64_t
choose_seed(void)
{
	const char *text = getenv("RILL_SEED");
	uint64_t seed = text == NULL ? 0 : strtoull(text, NULL, 10);

	return seed == 0 ? DEFAULT_SEED : seed;
}

static void
random_requests_come_out_as_the_model_says(void **state)
{
	static struct model m;
	int step;

	m.dice = choose_seed();
	print_message("# RILL_SEED=%" PRIu64 "\n", m.dice);
	for (step = 0; step < STREAMS; step++)
		begin_stream(&m, &m.streams[step]);
	for (step = 0; step < STEPS; step++) {
		take_step(*state, &m);
		if (step % 50 == 0) {
			expect_same_contents(*state, &m);
			replace_used(&m);
		}
	}
	expect_same_contents(*state, &m);
	assert_int_equal(fixture_faults(*state), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_requests_come_out_as_the_model_says),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
