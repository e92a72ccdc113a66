#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env.h"
#include "store/event_key.h"
#include "store/tbl.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "tests/unit/fixture_store.h"

/*
 * The store has stream one (id 1) with events a, b and c at positions 0 to 2,
 * the metastream of it (id 2) with position 3, and two (id 3) with event d at
 * position 4 and a tombstone at position 5.
 */
#define EVENTS  6
#define STREAMS 3

/* Where a row is added. */
struct place {
	uint64_t stream_id;
	int64_t number;
};

static int
fill_store(void **state)
{
	struct fixture *f;

	if (fixture_env_setup(state) != 0)
		return -1;
	f = *state;
	fixture_post(f, "one", EXPECT_ANY, "abc");
	fixture_describe(f, "one", "{}");
	fixture_post(f, "two", EXPECT_ANY, "d");
	fixture_delete(f, "two", APPEND_HARD_DELETE, EXPECT_ANY);
	return 0;
}

static enum err
change_last(struct txn *tx, const char *stream, int64_t by)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str(stream), &r);

	if (e != ERR_OK)
		return e;
	r.last += by;
	return tbl_streams_put(tx, slice_str(stream), &r);
}

static enum err
raise_last(struct txn *tx, void *arg)
{
	(void)arg;
	return change_last(tx, "one", 1);
}

static enum err
lower_last(struct txn *tx, void *arg)
{
	(void)arg;
	return change_last(tx, "one", -1);
}

/* The sum is right again. */
static enum err
shift_last(struct txn *tx, void *arg)
{
	enum err e;

	(void)arg;
	if ((e = change_last(tx, "one", -1)) != ERR_OK)
		return e;
	return change_last(tx, "two", 1);
}

static enum err
revive_stream(struct txn *tx, void *arg)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str("two"), &r);

	(void)arg;
	if (e != ERR_OK)
		return e;
	r.is_deleted = false;
	return tbl_streams_put(tx, slice_str("two"), &r);
}

static enum err
change_stream_id(struct txn *tx, void *arg)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str("one"), &r);

	(void)arg;
	if (e != ERR_OK)
		return e;
	r.id = 2;
	return tbl_streams_put(tx, slice_str("one"), &r);
}

static enum err
remove_stream(struct txn *tx, void *arg)
{
	DBT key = tbl_dbt("one", 3);

	(void)arg;
	return tbl_delete(tx, TABLE_STREAMS, &key);
}

/* The row that leads from an id to a name. */
static enum err
delete_name(struct txn *tx, uint64_t id)
{
	unsigned char raw[1 + VARINT_MOST] = {0};
	DBT key = tbl_dbt(raw, (size_t)(varint_put(raw + 1, id) - raw));

	return tbl_delete(tx, TABLE_STREAMS, &key);
}

static enum err
remove_name(struct txn *tx, void *arg)
{
	(void)arg;
	return delete_name(tx, 1);
}

static enum err
change_name(struct txn *tx, void *arg)
{
	(void)arg;
	return tbl_streams_put_name(tx, 1, slice_str("two"));
}

/* Write a record of our own over event b. */
static enum err
put_record(struct txn *tx, const void *record, size_t n)
{
	unsigned char raw[EVENT_KEY_MOST];
	DBT key = tbl_dbt(raw, event_key_put(raw, 1, 1)),
	    value = tbl_dbt(record, n);

	return tbl_put(tx, TABLE_EVENTS, &key, &value);
}

static enum err
put_event(struct txn *tx, uint64_t position, char id)
{
	struct event ev = {.id = fixture_id(id)};
	struct new_event ne;
	enum err e;

	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	new_event_place(&ne, position, 1);
	e = put_record(tx, ne.record, ne.record_len);
	new_event_fini(&ne);
	return e;
}

static enum err
change_position(struct txn *tx, void *arg)
{
	(void)arg;
	return put_event(tx, 2, 'b');
}

static enum err
change_event_id(struct txn *tx, void *arg)
{
	(void)arg;
	return put_event(tx, 1, 'x');
}

static enum err
garble_event(struct txn *tx, void *arg)
{
	(void)arg;
	return put_record(tx, "too short", 9);
}

static enum err
remove_event(struct txn *tx, void *arg)
{
	(void)arg;
	return tbl_events_delete(tx, 1, 2);
}

static enum err
remove_row(struct txn *tx, uint64_t position)
{
	return tbl_all_delete(tx, position);
}

static enum err
remove_first_row(struct txn *tx, void *arg)
{
	(void)arg;
	return remove_row(tx, 0);
}

static enum err
remove_middle_rows(struct txn *tx, void *arg)
{
	enum err e = remove_row(tx, 2);

	(void)arg;
	return e == ERR_OK ? remove_row(tx, 3) : e;
}

static enum err
remove_last_row(struct txn *tx, void *arg)
{
	(void)arg;
	return remove_row(tx, EVENTS - 1);
}

static enum err
put_row(struct txn *tx, const struct all_row *row)
{
	enum err e = remove_row(tx, row->position);

	return e == ERR_OK ? tbl_all_insert(tx, row) : e;
}

static enum err
change_rows_number(struct txn *tx, void *arg)
{
	(void)arg;
	return put_row(tx, &(struct all_row){1, 1, 7});
}

static enum err
change_rows_stream(struct txn *tx, void *arg)
{
	(void)arg;
	return put_row(tx, &(struct all_row){1, 77, 1});
}

static enum err
repeat_row(struct txn *tx, void *arg)
{
	(void)arg;
	return put_row(tx, &(struct all_row){1, 1, 0});
}

static enum err
remove_id(struct txn *tx, void *arg)
{
	unsigned char raw[VARINT_MOST + sizeof(struct guid)];
	unsigned char *end = varint_put(raw, 1);
	struct guid id = fixture_id('c');
	DBT key = tbl_dbt(raw, (size_t)(end - raw) + sizeof(id.b));

	(void)arg;
	memcpy(end, id.b, sizeof(id.b));
	return tbl_delete(tx, TABLE_EVENT_IDS, &key);
}

static enum err
change_ids_number(struct txn *tx, void *arg)
{
	struct guid id = fixture_id('c');
	enum err e = remove_id(tx, arg);

	return e == ERR_OK ? tbl_event_ids_insert(tx, 1, &id, 1) : e;
}

static enum err
add_id(struct txn *tx, void *arg)
{
	const struct place *at = arg;
	struct guid id = fixture_id('y');

	return tbl_event_ids_insert(tx, at->stream_id, &id, at->number);
}

/* Its events go, too, but that is another fault. */
static enum err
leave_ids_alone(struct txn *tx, void *arg)
{
	(void)arg;
	return delete_name(tx, 2);
}

/* As if scavenging had removed event a of stream one, but for... */
static enum err
say_removed(struct txn *tx, int64_t first, uint64_t removed)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str("one"), &r);

	if (e != ERR_OK)
		return e;
	r.first = first;
	if ((e = tbl_streams_put(tx, slice_str("one"), &r)) != ERR_OK)
		return e;
	return tbl_counters_put(tx, &(struct counters){.position = EVENTS,
					.stream_id = STREAMS + 1,
					.removed = removed});
}

/* ... the event itself. */
static enum err
say_removed_falsely(struct txn *tx, void *arg)
{
	(void)arg;
	return say_removed(tx, 1, 1);
}

static enum err
count_removed_falsely(struct txn *tx, void *arg)
{
	(void)arg;
	return say_removed(tx, 0, 1);
}

/* One more than that is lost. */
static enum err
lose_another(struct txn *tx, void *arg)
{
	enum err e = say_removed(tx, 1, 1);

	(void)arg;
	if (e == ERR_OK)
		e = remove_row(tx, 0);
	return e == ERR_OK ? remove_row(tx, 2) : e;
}

static enum err
raise_first(struct txn *tx, void *arg)
{
	(void)arg;
	return say_removed(tx, 4, 4);
}

static enum err
forget_falsely(struct txn *tx, void *arg)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str("two"), &r);

	(void)arg;
	r.forgotten = 1;
	return e == ERR_OK ? tbl_streams_put(tx, slice_str("two"), &r) : e;
}

static enum err
put_counters(struct txn *tx, uint64_t position, uint64_t stream_id)
{
	return tbl_counters_put(tx,
	    &(struct counters){.position = position, .stream_id = stream_id});
}

static enum err
raise_position(struct txn *tx, void *arg)
{
	(void)arg;
	return put_counters(tx, EVENTS + 1, STREAMS + 1);
}

static enum err
lower_position(struct txn *tx, void *arg)
{
	(void)arg;
	return put_counters(tx, EVENTS - 1, STREAMS + 1);
}

static enum err
lower_stream_id(struct txn *tx, void *arg)
{
	(void)arg;
	return put_counters(tx, EVENTS, STREAMS);
}

static enum err
remove_counters(struct txn *tx, void *arg)
{
	DBT key = tbl_dbt("next", 4);

	(void)arg;
	return tbl_delete(tx, TABLE_COUNTERS, &key);
}

static enum err
raise_stream_id(struct txn *tx, void *arg)
{
	(void)arg;
	return put_counters(tx, EVENTS, STREAMS + 2);
}

static enum err
add_counters(struct txn *tx, void *arg)
{
	DBT key = tbl_dbt("last", 4), value = tbl_dbt("what", 4);

	(void)arg;
	return tbl_insert(tx, TABLE_COUNTERS, &key, &value);
}

/* An event that stands nowhere else. */
static enum err
add_event(struct txn *tx, void *arg)
{
	const struct place *at = arg;
	struct event ev = {.id = fixture_id('z')};
	struct new_event ne;
	enum err e;

	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	e = tbl_events_insert(tx, at->stream_id, at->number, &ne);
	new_event_fini(&ne);
	return e;
}

static enum err
add_row_behind(struct txn *tx, void *arg)
{
	(void)arg;
	return tbl_all_insert(tx, &(struct all_row){EVENTS, 1, 0});
}

static enum err
add_name(struct txn *tx, void *arg)
{
	(void)arg;
	return tbl_streams_put_name(tx, 77, slice_str("one"));
}

/* A stream that says nothing but its name. */
static enum err
add_stream(struct txn *tx, void *arg)
{
	struct stream_record r = {.id = 2, .last = EVENT_NUMBER_NONE};

	(void)arg;
	return tbl_streams_put(tx, slice_str("four"), &r);
}

static enum err
change_bytes(struct txn *tx, void *arg)
{
	struct stream_record r;
	enum err e = tbl_streams_get(tx, slice_str("one"), &r);

	(void)arg;
	r.bytes += 1;
	return e == ERR_OK ? tbl_streams_put(tx, slice_str("one"), &r) : e;
}

/* What is done to the store, and a fault that is found then. */
static const struct damage {
	txn_body_f *body;
	const char *fault;
} damages[] = {
    {raise_last, "The streams have 7 events, but there are 6 positions."},
    {lower_last, "Position 2 has number 2, but its stream ends at 1."},
    {shift_last, "Position 2 has number 2, but its stream ends at 1."},
    {revive_stream, "The streams have 5 events, but there are 6 positions."},
    {change_stream_id,
	"Position 0 is of stream 1, whose name leads to stream 2."},
    {remove_stream, "Position 0 names no stream."},
    {remove_name, "Position 0 names no stream."},
    {change_name, "Position 0 is of stream 1, whose name leads to stream 3."},
    {change_position, "The event at position 1 says it is at 2."},
    {change_event_id, "The id of the event at position 1 does not lead to it."},
    {garble_event, "Position 1 names an event that is damaged."},
    {remove_event, "Position 2 names an event that is not there."},
    {remove_first_row, "Positions 0 to 0 have no event."},
    {remove_middle_rows, "Positions 2 to 3 have no event."},
    {remove_last_row, "Nothing stands from position 5 on."},
    {change_rows_number, "Position 1 names an event that is not there."},
    {change_rows_stream, "Position 1 names no stream."},
    {repeat_row, "The event at position 1 says it is at 0."},
    {remove_id, "The id of the event at position 2 does not lead to it."},
    {change_ids_number,
	"The id of the event at position 2 does not lead to it."},
    {leave_ids_alone, "Event ids are of stream 2, which is not there."},
    {say_removed_falsely,
	"Position 0 has number 0, but its stream begins at 1."},
    {count_removed_falsely, "The streams miss 0 events, but 1 were removed."},
    {lose_another, "2 positions have no event, but 1 events were removed."},
    {raise_first,
	"Stream \"one\" ends at 2, but its events before 4 were removed."},
    {forget_falsely, "Stream 3 has 2 event ids, but there must be 1."},
    {raise_position, "Nothing stands from position 6 on."},
    {lower_position, "The streams have 6 events, but there are 5 positions."},
    {lower_stream_id,
	"Stream \"two\" has the id 3, which has not been given to one."},
    {raise_stream_id, "There are 3 streams, but 4 were given an id."},
    {add_counters, "There are 2 rows of counters, but one is enough."},
    {add_row_behind, "Position 6 is behind the last one."},
    {add_name, "The id 77 leads to the name \"one\", which is not that of a "
	       "stream with this id."},
    {add_stream, "The id 2 of stream \"four\" does not lead to it."},
    {change_bytes,
	"The events of stream 1 have 132 bytes, but its record says 133."},
    {remove_counters, "The streams have 6 events, but there are 0 positions."},
};

/* A row that is added at a place. */
static const struct surplus {
	struct damage damage;
	struct place at;
} surplus[] = {
    {{add_id, "Stream 1 has 4 event ids, but there must be 3."}, {1, 1}},
    {{add_event, "There is an event of number 3 in stream 1, which has none."},
	{1, 3}},
    {{add_event, "There is an event of number 9223372036854775807 in "
		 "stream 1, which has none."},
	{1, EVENT_NUMBER_TOMB}},
    {{add_event, "There is an event of number 0 in stream 77, which has none."},
	{77, 0}},
    {{add_id, "There is an event id of number 3 in stream 1, which has none."},
	{1, 3}},
    {{add_id, "There is an event id of number 0 in stream 77, which has none."},
	{77, 0}},
};

struct search {
	const char *fault;
	bool found;
};

static void
compare_fault(void *arg, const char *sentence)
{
	struct search *s = arg;

	if (strcmp(sentence, s->fault) == 0)
		s->found = true;
}

static bool
finds(struct fixture *f, const char *fault)
{
	struct search s = {.fault = fault};
	struct verify v = {
	    .on_fault = compare_fault, .is_alone = true, .arg = &s};

	assert_int_equal(verify_env(f->env, &v), ERR_OK);
	assert_true(v.faults > 0);
	return s.found;
}

/* Every damage is done to a new store. */
static void
check_damage(const struct damage *d, const struct place *at)
{
	void *state = NULL;

	assert_int_equal(fill_store(&state), 0);
	assert_int_equal(
	    fixture_run(state, TXN_WRITE, d->body, (void *)(uintptr_t)at),
	    ERR_OK);
	if (!finds(state, d->fault))
		fail_msg("not found: %s", d->fault);
	fixture_env_teardown(&state);
}

static void
each_damage_is_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(damages); i++)
		check_damage(&damages[i], NULL);
	for (i = 0; i < COUNT(surplus); i++)
		check_damage(&surplus[i].damage, &surplus[i].at);
}

static void
a_clean_store_has_no_faults(void **state)
{
	struct fixture *f;
	struct verify v = {.faults = 1, .is_alone = true};

	assert_int_equal(fill_store(state), 0);
	f = *state;
	assert_int_equal(verify_env(f->env, &v), ERR_OK);
	assert_int_equal(v.events, EVENTS);
	assert_int_equal(v.streams, STREAMS);
	assert_int_equal(v.faults, 0);
	fixture_env_teardown(state);
}

static void
an_empty_store_has_no_faults(void **state)
{
	struct fixture *f;
	struct verify v = {.faults = 1, .is_alone = true};

	assert_int_equal(fixture_env_setup(state), 0);
	f = *state;
	assert_int_equal(verify_env(f->env, &v), ERR_OK);
	assert_int_equal(v.events, 0);
	assert_int_equal(v.faults, 0);
	fixture_env_teardown(state);
}

static void
more_events_than_are_looked_at_at_once_are_all_seen(void **state)
{
	struct fixture *f;
	struct verify v = {.is_alone = true};

	assert_int_equal(fixture_env_setup(state), 0);
	f = *state;
	assert_int_equal(fixture_fill(f, "s", 4500, 5).outcome, ERR_OK);
	assert_int_equal(verify_env(f->env, &v), ERR_OK);
	assert_int_equal(v.events, 4500);
	assert_int_equal(v.faults, 0);
	fixture_env_teardown(state);
}

/* Write over a page in the middle of a table's file. */
static void
damage_file(const char *dir, enum table t)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, env_table_file(t));
	file = fopen(path, "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 4096 + 100, SEEK_SET), 0);
	assert_int_equal(fputs("this is no part of a page", file) < 0, 0);
	assert_int_equal(fseek(file, 4096 + 20, SEEK_SET), 0);
	assert_int_equal(fputs("nor is this", file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static void
a_damaged_page_of_each_table_is_found(void **state)
{
	struct search s = {.fault = "The file of table events.db is damaged."};
	struct verify v = {.on_fault = compare_fault, .arg = &s};
	struct fixture *f;

	assert_int_equal(fill_store(state), 0);
	f = *state;
	assert_int_equal(env_checkpoint(f->env, 0), ERR_OK);
	env_close(&f->env);
	assert_int_equal(verify_files(f->dir, &v), ERR_OK);
	assert_int_equal(v.faults, 0);
	damage_file(f->dir, TABLE_EVENTS);
	assert_int_equal(verify_files(f->dir, &v), ERR_OK);
	assert_int_equal(v.faults, 1);
	assert_true(s.found);
	damage_file(f->dir, TABLE_ALL);
	assert_int_equal(verify_files(f->dir, &v), ERR_OK);
	assert_int_equal(v.faults, 3);
	fixture_env_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_store_has_no_faults),
	    cmocka_unit_test(a_clean_store_has_no_faults),
	    cmocka_unit_test(
		more_events_than_are_looked_at_at_once_are_all_seen),
	    cmocka_unit_test(each_damage_is_found),
	    cmocka_unit_test(a_damaged_page_of_each_table_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
