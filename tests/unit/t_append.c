#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/settings.h"
#include "tests/unit/fixture_store.h"

/*
 * The contract's decision table (1.4, 1.7 and 0.0), written out: for a
 * stream in each state, one row per expected version, one letter per batch.
 */
#define WRITTEN 'W'
#define REPEAT  'R'
#define VERSION 'V' /* wrong expected version */
#define DELETED 'D'

/* The streams that have events have a, b and c as 0, 1 and 2. */
static const char *const batches[] = {
    "x",   /* new */
    "xy",  /* two new ones */
    "abc", /* all known, in order, from the start */
    "bc",  /* the same, further on */
    "c",   /* the last one */
    "ba",  /* all known, in another order */
    "ac",  /* all known, with a gap */
    "cx",  /* the first known, the rest new */
    "ax",  /* the same, from the start */
    "xa",  /* the first new, a later one known */
};

static const int64_t versions[] = {-4, -3, -2, -1, 0, 1, 2, 3, 4};

static void
leave_unwritten(struct fixture *f, const char *stream)
{
	(void)f;
	(void)stream;
}

static void
make_metadata(struct fixture *f, const char *stream)
{
	assert_int_equal(fixture_describe(f, stream, "{}").outcome, ERR_OK);
}

static void
make_written(struct fixture *f, const char *stream)
{
	assert_int_equal(
	    fixture_post(f, stream, EXPECT_NO_STREAM, "abc").outcome, ERR_OK);
}

static void
make_soft_deleted(struct fixture *f, const char *stream)
{
	make_written(f, stream);
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_SOFT_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

static void
make_deleted_unwritten(struct fixture *f, const char *stream)
{
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_SOFT_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

static void
make_created_again(struct fixture *f, const char *stream)
{
	make_soft_deleted(f, stream);
	assert_int_equal(
	    fixture_post(f, stream, EXPECT_ANY, "d").outcome, ERR_OK);
}

static void
make_hard_deleted(struct fixture *f, const char *stream)
{
	make_written(f, stream);
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_HARD_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

struct state {
	const char *name;
	void (*make)(struct fixture *, const char *stream);
	int64_t last;
	bool is_soft_deleted;
	const char *posts[COUNT(versions)]; /* one letter per batch */
	const char *deletions;              /* one letter per version */
};

#define ALL_WRITTEN "WWWWWWWWWW"
#define ALL_WRONG   "VVVVVVVVVV"
#define ALL_DELETED "DDDDDDDDDD"

static const struct state unwritten = {"never written", leave_unwritten, -1,
    false,
    {
	/* -4 */ ALL_WRONG,
	/* -3 */ ALL_WRONG,
	/* -2 */ ALL_WRITTEN,
	/* -1 */ ALL_WRITTEN,
	/*  0 */ ALL_WRONG,
	/*  1 */ ALL_WRONG,
	/*  2 */ ALL_WRONG,
	/*  3 */ ALL_WRONG,
	/*  4 */ ALL_WRONG,
    },
    "VVWWVVVVV"};

static const struct state described = {"metadata only", make_metadata, -1,
    false,
    {
	/* -4 */ ALL_WRITTEN,
	/* -3 */ ALL_WRONG,
	/* -2 */ ALL_WRITTEN,
	/* -1 */ ALL_WRITTEN,
	/*  0 */ ALL_WRONG,
	/*  1 */ ALL_WRONG,
	/*  2 */ ALL_WRONG,
	/*  3 */ ALL_WRONG,
	/*  4 */ ALL_WRONG,
    },
    "WVWWVVVVV"};

static const struct state written = {"written", make_written, 2, false,
    {
	/* -4 */ "WWRRRRRVVV",
	/* -3 */ ALL_WRONG,
	/* -2 */ "WWRRRRRVVV",
	/* -1 */ "VVRVVVVVVV",
	/*  0 */ "VVVRVVVVVV",
	/*  1 */ "VVVVRVVVVV",
	/*  2 */ "WWVVVVVVVV",
	/*  3 */ ALL_WRONG,
	/*  4 */ ALL_WRONG,
    },
    "WVWVVVWVV"};

static const struct state soft_deleted = {"soft-deleted", make_soft_deleted, 2,
    true,
    {
	/* -4 */ ALL_DELETED,
	/* -3 */ ALL_WRONG,
	/* -2 */ "WWRRRRRVVV",
	/* -1 */ "WWRVVVVVVV",
	/*  0 */ "VVVRVVVVVV",
	/*  1 */ "VVVVRVVVVV",
	/*  2 */ "WWVVVVVVVV",
	/*  3 */ ALL_WRONG,
	/*  4 */ ALL_WRONG,
    },
    "DVWWVVWVV"};

static const struct state deleted_unwritten = {
    "soft-deleted before it was written", make_deleted_unwritten, -1, true,
    {
	/* -4 */ ALL_DELETED,
	/* -3 */ ALL_WRONG,
	/* -2 */ ALL_WRITTEN,
	/* -1 */ ALL_WRITTEN,
	/*  0 */ ALL_WRONG,
	/*  1 */ ALL_WRONG,
	/*  2 */ ALL_WRONG,
	/*  3 */ ALL_WRONG,
	/*  4 */ ALL_WRONG,
    },
    "DVWWVVVVV"};

/* Event d is its number 3. */
static const struct state created_again = {"created again", make_created_again,
    3, false,
    {
	/* -4 */ "WWRRRRRVVV",
	/* -3 */ ALL_WRONG,
	/* -2 */ "WWRRRRRVVV",
	/* -1 */ "VVRVVVVVVV",
	/*  0 */ "VVVRVVVVVV",
	/*  1 */ "VVVVRVVVVV",
	/*  2 */ ALL_WRONG,
	/*  3 */ "WWVVVVVVVV",
	/*  4 */ ALL_WRONG,
    },
    "WVWVVVVWV"};

static const struct state hard_deleted = {"hard-deleted", make_hard_deleted, 2,
    false,
    {
	/* -4 */ ALL_DELETED,
	/* -3 */ ALL_DELETED,
	/* -2 */ ALL_DELETED,
	/* -1 */ ALL_DELETED,
	/*  0 */ ALL_DELETED,
	/*  1 */ ALL_DELETED,
	/*  2 */ ALL_DELETED,
	/*  3 */ ALL_DELETED,
	/*  4 */ ALL_DELETED,
    },
    "DDDDDDDDD"};

static enum err
outcome_of(char letter)
{
	switch (letter) {
	case WRITTEN:
	case REPEAT:
		return ERR_OK;
	case VERSION:
		return ERR_WRONG_VERSION;
	case DELETED:
		return ERR_DELETED;
	default:
		fail_msg("'%c' is no letter of the table", letter);
		return ERR_IO;
	}
}

/* One letter of the table. */
struct cell {
	const struct state *state;
	int64_t expected;
	const char *ids;
	char letter;
	char stream[16];
	char before[16]; /* the stream's ids, before the batch */
	uint64_t end;    /* the next position, then */
};

static void
expect_written(struct fixture *f, const struct cell *c, const struct append *a)
{
	size_t n = strlen(c->ids);
	char *after = xasprintf("%s%s", c->before, c->ids);

	assert_int_equal(a->first, c->state->last + 1);
	assert_int_equal(a->current, c->state->last + (int64_t)n);
	assert_int_equal(a->position, c->end + n - 1);
	assert_string_equal(fixture_ids(f, c->stream), after);
	assert_int_equal(
	    fixture_end(f), c->end + n + (c->state->is_soft_deleted ? 1 : 0));
	free(after);
}

/* The number under which one of a, b, c and d is stored. */
static int64_t
number_of(char id)
{
	return id - 'a';
}

static void
expect_repeat(struct fixture *f, const struct cell *c, const struct append *a)
{
	char last = c->ids[strlen(c->ids) - 1];
	struct append again;

	assert_int_equal(a->first, number_of(c->ids[0]));
	assert_int_equal(a->current, c->state->last);
	/* As the event itself is answered for. */
	again = fixture_post(f, c->stream, EXPECT_ANY, (char[]){last, '\0'});
	assert_int_equal(a->position, again.position);
	assert_true(a->position < c->end);
}

static void
check_cell(struct fixture *f, struct cell *c)
{
	struct append a;

	c->state->make(f, c->stream);
	snprintf(c->before, sizeof(c->before), "%s", fixture_ids(f, c->stream));
	c->end = fixture_end(f);
	a = fixture_post(f, c->stream, c->expected, c->ids);
	if (a.outcome != outcome_of(c->letter))
		fail_msg("%s, expected %d, events %s: %s, should be %c",
		    c->state->name, (int)c->expected, c->ids,
		    err_text(a.outcome), c->letter);
	if (c->letter == WRITTEN) {
		expect_written(f, c, &a);
		return;
	}
	if (c->letter == REPEAT)
		expect_repeat(f, c, &a);
	if (c->letter == VERSION)
		assert_int_equal(a.current, c->state->last);
	assert_string_equal(fixture_ids(f, c->stream), c->before);
	assert_int_equal(fixture_end(f), c->end);
}

static void
check_posts(struct fixture *f, const struct state *s, const char *prefix)
{
	size_t v, b, n = 0;

	for (v = 0; v < COUNT(versions); v++)
		for (b = 0; b < COUNT(batches); b++) {
			struct cell c = {.state = s,
			    .expected = versions[v],
			    .ids = batches[b],
			    .letter = s->posts[v][b]};

			snprintf(
			    c.stream, sizeof(c.stream), "%s-%zu", prefix, n++);
			check_cell(f, &c);
		}
	assert_int_equal(fixture_faults(f), 0);
}

static void
a_stream_never_written_takes_what_expects_none(void **state)
{
	check_posts(*state, &unwritten, "un");
}

static void
a_stream_with_metadata_only_counts_as_existing(void **state)
{
	check_posts(*state, &described, "me");
}

static void
a_written_stream_takes_new_events_at_its_end_and_repeats(void **state)
{
	check_posts(*state, &written, "wr");
}

static void
a_soft_deleted_stream_goes_on_after_its_old_end(void **state)
{
	check_posts(*state, &soft_deleted, "so");
}

static void
a_stream_deleted_before_it_was_written_begins_at_0(void **state)
{
	check_posts(*state, &deleted_unwritten, "du");
}

static void
a_stream_created_again_is_like_any_other(void **state)
{
	check_posts(*state, &created_again, "ca");
}

static void
a_hard_deleted_stream_takes_nothing(void **state)
{
	check_posts(*state, &hard_deleted, "ha");
}

static void
check_deletion(struct fixture *f, const struct state *s, size_t version,
    enum append_kind kind)
{
	char stream[16];
	struct append a;
	uint64_t end;

	snprintf(stream, sizeof(stream), "del-%d", (int)fixture_end(f));
	s->make(f, stream);
	end = fixture_end(f);
	a = fixture_delete(f, stream, kind, versions[version]);
	if (a.outcome != outcome_of(s->deletions[version]))
		fail_msg("%s, expected %d: %s, should be %c", s->name,
		    (int)versions[version], err_text(a.outcome),
		    s->deletions[version]);
	if (a.outcome == ERR_OK)
		assert_int_equal(a.position, end);
	if (a.outcome != ERR_DELETED)
		assert_int_equal(a.current, s->last);
	assert_int_equal(fixture_end(f), end + (a.outcome == ERR_OK ? 1 : 0));
}

static void
check_deletions(struct fixture *f, enum append_kind kind)
{
	static const struct state *const states[] = {&unwritten, &described,
	    &written, &soft_deleted, &deleted_unwritten, &created_again,
	    &hard_deleted};
	size_t s, v;

	for (s = 0; s < COUNT(states); s++)
		for (v = 0; v < COUNT(versions); v++)
			check_deletion(f, states[s], v, kind);
	assert_int_equal(fixture_faults(f), 0);
}

static void
a_soft_deletion_is_judged_by_the_expected_version(void **state)
{
	check_deletions(*state, APPEND_SOFT_DELETE);
}

static void
a_hard_deletion_is_judged_the_same_way(void **state)
{
	check_deletions(*state, APPEND_HARD_DELETE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_never_written_takes_what_expects_none),
	    cmocka_unit_test(a_stream_with_metadata_only_counts_as_existing),
	    cmocka_unit_test(
		a_written_stream_takes_new_events_at_its_end_and_repeats),
	    cmocka_unit_test(a_soft_deleted_stream_goes_on_after_its_old_end),
	    cmocka_unit_test(
		a_stream_deleted_before_it_was_written_begins_at_0),
	    cmocka_unit_test(a_stream_created_again_is_like_any_other),
	    cmocka_unit_test(a_hard_deleted_stream_takes_nothing),
	    cmocka_unit_test(a_soft_deletion_is_judged_by_the_expected_version),
	    cmocka_unit_test(a_hard_deletion_is_judged_the_same_way),
	};

	return cmocka_run_group_tests(
	    tests, fixture_env_setup, fixture_env_teardown);
}
