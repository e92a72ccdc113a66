#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env.h"
#include "store/name.h"
#include "tests/unit/fixture_store.h"

/*
 * Every call on a table fails once, the first, the second and so on, until
 * an operation has no more calls.
 */
#define MOST_CALLS 500

/* A writing operation, on a stream that was prepared for it. */
struct operation {
	const char *name;
	void (*prepare)(struct fixture *, const char *stream);
	struct append (*run)(struct fixture *, const char *stream);
	const char *ids;      /* of the stream, afterwards */
	const char *metadata; /* the same of its metastream */
};

static void
prepare_nothing(struct fixture *f, const char *stream)
{
	(void)f;
	(void)stream;
}

static void
prepare_events(struct fixture *f, const char *stream)
{
	assert_int_equal(
	    fixture_post(f, stream, EXPECT_NO_STREAM, "abc").outcome, ERR_OK);
}

static void
prepare_deleted(struct fixture *f, const char *stream)
{
	prepare_events(f, stream);
	assert_int_equal(
	    fixture_delete(f, stream, APPEND_SOFT_DELETE, EXPECT_ANY).outcome,
	    ERR_OK);
}

static struct append
post_new(struct fixture *f, const char *stream)
{
	return fixture_post(f, stream, EXPECT_ANY, "de");
}

static struct append
post_known(struct fixture *f, const char *stream)
{
	return fixture_post(f, stream, EXPECT_NO_STREAM, "abc");
}

static struct append
post_to_existing(struct fixture *f, const char *stream)
{
	return fixture_post(f, stream, EXPECT_STREAM, "de");
}

static struct append
describe(struct fixture *f, const char *stream)
{
	return fixture_describe(f, stream, "{\"$maxCount\":4}");
}

static struct append
soft_delete(struct fixture *f, const char *stream)
{
	return fixture_delete(f, stream, APPEND_SOFT_DELETE, EXPECT_ANY);
}

static struct append
hard_delete(struct fixture *f, const char *stream)
{
	return fixture_delete(f, stream, APPEND_HARD_DELETE, EXPECT_ANY);
}

static const struct operation operations[] = {
    {"a new stream", prepare_nothing, post_new, "de", ""},
    {"an existing stream", prepare_events, post_to_existing, "abcde", ""},
    {"a repeat", prepare_events, post_known, "abc", ""},
    {"metadata", prepare_events, describe, "abc", "*"},
    {"a soft deletion", prepare_events, soft_delete, "abc", "*"},
    {"a soft deletion of nothing", prepare_nothing, soft_delete, "", "*"},
    {"a re-creation", prepare_deleted, post_new, "abcde", "**"},
    {"metadata of a deleted stream", prepare_deleted, describe, "abc", "***"},
    {"a hard deletion", prepare_events, hard_delete, "abc", ""},
    {"a hard deletion of nothing", prepare_nothing, hard_delete, "", ""},
};

/* Whether a fault that was set for the nth call is still to come. */
static bool
fault_is_left(struct fixture *f, unsigned int nth)
{
	bool left = false;

	while (nth-- > 0)
		left = env_fault(f->env) != 0 || left;
	env_set_fault(f->env, 0, 0);
	return left;
}

struct attempt {
	const struct operation *op;
	unsigned int nth;
	int db_error;
	char stream[24];
	char metastream[32];
	uint64_t before, after; /* the next position */
	bool failed;
};

/* False when the operation made fewer calls than nth. */
static bool
run_attempt(struct fixture *f, struct attempt *at, struct append *a)
{
	snprintf(at->stream, sizeof(at->stream), "s%llu",
	    (unsigned long long)fixture_end(f));
	snprintf(at->metastream, sizeof(at->metastream), "$$%s", at->stream);
	at->op->prepare(f, at->stream);
	at->before = fixture_end(f);
	env_set_fault(f->env, at->nth, at->db_error);
	*a = at->op->run(f, at->stream);
	at->failed = !fault_is_left(f, at->nth);
	at->after = fixture_end(f);
	return at->failed;
}

/* The positions that an operation takes when it is carried out once. */
static uint64_t
cost_of(struct fixture *f, const struct operation *op)
{
	struct attempt at = {.op = op};
	struct append a;

	run_attempt(f, &at, &a);
	assert_int_equal(a.outcome, ERR_OK);
	return at.after - at.before;
}

static void
expect_carried_out(struct fixture *f, const struct attempt *at)
{
	assert_string_equal(fixture_ids(f, at->stream), at->op->ids);
	assert_string_equal(fixture_ids(f, at->metastream), at->op->metadata);
}

static void
deadlock_each_call(struct fixture *f, const struct operation *op)
{
	struct attempt at = {.op = op, .db_error = DB_LOCK_DEADLOCK};
	uint64_t cost = cost_of(f, op);
	struct append a;

	do {
		assert_true(++at.nth < MOST_CALLS);
		run_attempt(f, &at, &a);
		if (a.outcome != ERR_OK)
			fail_msg("%s, call %u: %s", op->name, at.nth,
			    err_text(a.outcome));
		assert_int_equal(at.after, at.before + cost);
		expect_carried_out(f, &at);
	} while (at.failed);
	/* Or the operation never asked. */
	assert_true(at.nth > 3);
}

static void
a_deadlock_in_any_call_of_a_write_is_made_good(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(operations); i++)
		deadlock_each_call(*state, &operations[i]);
	assert_int_equal(fixture_faults(*state), 0);
}

static void
fail_each_call(
    struct fixture *f, const struct operation *op, int db_error, enum err e)
{
	struct attempt at = {.op = op, .db_error = db_error};
	struct append a;

	while (++at.nth < MOST_CALLS && run_attempt(f, &at, &a)) {
		if (a.outcome != e)
			fail_msg("%s, call %u: %s", op->name, at.nth,
			    err_text(a.outcome));
		assert_int_equal(at.after, at.before);
		/* Whatever there was is all there is, and can be repeated. */
		assert_int_equal(op->run(f, at.stream).outcome, ERR_OK);
		expect_carried_out(f, &at);
	}
	assert_int_equal(a.outcome, ERR_OK);
	expect_carried_out(f, &at);
	assert_true(at.nth > 3);
}

static void
a_full_disk_in_any_call_of_a_write_leaves_nothing(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(operations); i++)
		fail_each_call(*state, &operations[i], ENOSPC, ERR_DISK_FULL);
	assert_int_equal(fixture_faults(*state), 0);
}

static void
lack_of_memory_in_any_call_of_a_write_leaves_nothing(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(operations); i++)
		fail_each_call(*state, &operations[i], ENOMEM, ERR_NO_MEMORY);
	assert_int_equal(fixture_faults(*state), 0);
}

static void
a_fault_in_the_file_in_any_call_of_a_write_leaves_nothing(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(operations); i++)
		fail_each_call(*state, &operations[i], EIO, ERR_IO);
	assert_int_equal(fixture_faults(*state), 0);
}

/* A read, and what it finds: each entry's id, and that of its target. */
struct read {
	const char *name;
	stream_body_f *body;
	const char *found;
};

static enum err
look(struct txn *tx, const char *name, struct stream *s)
{
	return stream_lookup(tx, slice_str(name), s);
}

static enum err
read_lookup(struct txn *tx, void *arg)
{
	struct stream s;

	page_reset(arg);
	return look(tx, "read", &s);
}

static enum err
read_metadata(struct txn *tx, void *arg)
{
	struct stream s;
	enum err e;

	page_reset(arg);
	if ((e = look(tx, "$$read", &s)) != ERR_OK)
		return e;
	return stream_event(tx, &s, s.last, arg);
}

static enum err
read_event(struct txn *tx, void *arg)
{
	struct stream s;
	enum err e;

	page_reset(arg);
	if ((e = look(tx, "read", &s)) != ERR_OK)
		return e;
	return stream_event(tx, &s, 1, arg);
}

static enum err
read_page(struct txn *tx, void *arg)
{
	struct stream_range all = {0, INT64_MAX};
	struct stream s;
	enum err e;

	page_reset(arg);
	if ((e = look(tx, "read", &s)) != ERR_OK)
		return e;
	return stream_page(tx, &s, &all, arg);
}

static enum err
read_resolved(struct txn *tx, void *arg)
{
	struct stream_range all = {0, INT64_MAX};
	struct stream s;
	enum err e;

	page_reset(arg);
	if ((e = look(tx, "links", &s)) != ERR_OK ||
	    (e = stream_page(tx, &s, &all, arg)) != ERR_OK)
		return e;
	return stream_resolve(tx, arg, NULL, NULL);
}

static enum err
read_all(struct txn *tx, void *arg)
{
	page_reset(arg);
	return stream_all(tx, 0, 4, arg);
}

static enum err
read_all_back(struct txn *tx, void *arg)
{
	page_reset(arg);
	return stream_all_back(tx, 3, 4, arg);
}

static const struct read reads[] = {
    {"a look-up", read_lookup, ""},
    {"metadata", read_metadata, "*"},
    {"one event", read_event, "b"},
    {"a page", read_page, "abc"},
    {"links", read_resolved, "lcml"},
    {"all", read_all, "abc*"},
    {"all, backwards", read_all_back, "cba"},
};

static void
put_link(struct fixture *f, char id, const char *target)
{
	struct event ev = {.id = fixture_id(id),
	    .type = slice_str("$>"),
	    .data = slice_str(target)};

	assert_int_equal(fixture_put(f, "links", &ev).outcome, ERR_OK);
}

static int
fill_store(void **state)
{
	struct fixture *f;

	if (fixture_env_setup(state) != 0)
		return -1;
	f = *state;
	prepare_events(f, "read");
	fixture_describe(f, "read", "{\"$maxAge\":100}");
	put_link(f, 'l', "2@read");
	put_link(f, 'm', "0@links");
	return 0;
}

static void
print_found(struct page *pg, char *out)
{
	size_t i;

	for (i = 0; i < page_count(pg); i++) {
		const struct entry *e = page_entry(pg, i);

		*out++ = fixture_id_name(&e->event.id);
		if (e->link == LINK_RESOLVED)
			*out++ = fixture_id_name(&e->target.id);
	}
	*out = '\0';
}

static void
expect_found(const struct read *r, struct page *pg)
{
	char found[32];

	print_found(pg, found);
	assert_string_equal(found, r->found);
}

/* Whether the nth call was made, and failed. */
static bool
read_with_fault(
    struct fixture *f, const struct read *r, unsigned int nth, struct page *pg)
{
	enum err e;

	env_set_fault(f->env, nth, DB_LOCK_DEADLOCK);
	e = txn_run_once(f->env, TXN_READ, r->body, pg);
	if (e != ERR_OK)
		fail_msg("%s, call %u: %s", r->name, nth, err_text(e));
	expect_found(r, pg);
	return !fault_is_left(f, nth);
}

static void
a_deadlock_in_any_call_of_a_read_is_made_good(void **state)
{
	struct page *pg = page_new();
	unsigned int nth;
	size_t i;

	for (i = 0; i < COUNT(reads); i++) {
		for (nth = 1; read_with_fault(*state, &reads[i], nth, pg);
		     nth++)
			assert_true(nth < MOST_CALLS);
		assert_true(nth > 2);
	}
	page_free(&pg);
}

static void
a_fault_in_any_call_of_a_read_is_returned(void **state)
{
	struct fixture *f = *state;
	struct page *pg = page_new();
	unsigned int nth;
	size_t i;
	enum err e;

	for (i = 0; i < COUNT(reads); i++)
		for (nth = 1;; nth++) {
			env_set_fault(f->env, nth, EIO);
			e = txn_run_once(f->env, TXN_READ, reads[i].body, pg);
			if (fault_is_left(f, nth))
				break;
			assert_int_equal(e, ERR_IO);
		}
	page_free(&pg);
}

static void
verification_meets_deadlocks_and_finds_no_fault(void **state)
{
	struct fixture *f = *state;
	unsigned int nth = 0;

	do {
		env_set_fault(f->env, ++nth, DB_LOCK_DEADLOCK);
		assert_int_equal(fixture_faults(f), 0);
	} while (!fault_is_left(f, nth));
	assert_true(nth > 20);
}

static enum err
count_runs(struct txn *tx, void *arg)
{
	(void)tx;
	++*(int *)arg;
	return ERR_DEADLOCK;
}

static void
endless_deadlocks_end_as_busy(void **state)
{
	struct fixture *f = *state;
	int runs = 0;

	assert_int_equal(
	    txn_run_once(f->env, TXN_WRITE, count_runs, &runs), ERR_BUSY);
	assert_true(runs > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadlock_in_any_call_of_a_read_is_made_good),
	    cmocka_unit_test(a_fault_in_any_call_of_a_read_is_returned),
	    cmocka_unit_test(verification_meets_deadlocks_and_finds_no_fault),
	    cmocka_unit_test(a_deadlock_in_any_call_of_a_write_is_made_good),
	    cmocka_unit_test(a_full_disk_in_any_call_of_a_write_leaves_nothing),
	    cmocka_unit_test(
		lack_of_memory_in_any_call_of_a_write_leaves_nothing),
	    cmocka_unit_test(
		a_fault_in_the_file_in_any_call_of_a_write_leaves_nothing),
	    cmocka_unit_test(endless_deadlocks_end_as_busy),
	};

	return cmocka_run_group_tests(tests, fill_store, fixture_env_teardown);
}
