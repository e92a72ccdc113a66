#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/event.h"

static const struct event sample = {.id = {{1, 2, 3}},
    .flags = EVENT_DATA_IS_JSON,
    .type = {"type", 4},
    .data = {"{\"a\":\0}", 7},
    .metadata = {"meta", 4}};

static struct slice
record_of(const struct new_event *ne)
{
	return slice(ne->record, ne->record_len);
}

static void
what_is_encoded_is_decoded(void **state)
{
	struct new_event ne;
	struct event ev;

	(void)state;
	assert_int_equal(new_event_init(&ne, &sample), ERR_OK);
	assert_int_equal(guid_cmp(&ne.id, &sample.id), 0);
	new_event_place(&ne, EVENT_POSITION_END - 2, -5);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_OK);
	assert_true(ev.position == EVENT_POSITION_END - 2);
	assert_true(event_position(ne.record) == EVENT_POSITION_END - 2);
	assert_int_equal(ev.created, -5);
	assert_int_equal(guid_cmp(&ev.id, &sample.id), 0);
	assert_int_equal(ev.flags, EVENT_DATA_IS_JSON);
	assert_true(slice_eq(ev.type, sample.type));
	assert_true(slice_eq(ev.data, sample.data));
	assert_true(slice_eq(ev.metadata, sample.metadata));
	new_event_fini(&ne);
	assert_null(ne.record);
}

static void
an_event_may_be_empty(void **state)
{
	struct event none = {.number = 0}, ev;
	struct new_event ne;

	(void)state;
	assert_int_equal(new_event_init(&ne, &none), ERR_OK);
	assert_int_equal(ne.record_len, EVENT_LEAST_HEAD);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_OK);
	assert_int_equal(ev.type.n + ev.data.n + ev.metadata.n, 0);
	new_event_fini(&ne);
}

static void
a_type_of_the_greatest_length_is_kept(void **state)
{
	char type[EVENT_MAX_TYPE];
	struct event long_type = {.type = slice(type, sizeof(type))}, ev;
	struct new_event ne;

	(void)state;
	memset(type, 't', sizeof(type));
	assert_int_equal(new_event_init(&ne, &long_type), ERR_OK);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_OK);
	assert_true(slice_eq(ev.type, long_type.type));
	new_event_fini(&ne);
}

static void
a_record_cut_short_is_damaged(void **state)
{
	size_t least = EVENT_LEAST_HEAD + sample.type.n + sample.data.n, i;
	struct new_event ne;
	struct event ev;

	(void)state;
	assert_int_equal(new_event_init(&ne, &sample), ERR_OK);
	for (i = 0; i <= ne.record_len; i++) {
		/* Of its own, so that a read beyond it is noticed. */
		char *copy = malloc(i + 1);

		assert_non_null(copy);
		memcpy(copy + 1, ne.record, i);
		assert_int_equal(event_decode(&ev, slice(copy + 1, i)),
		    i >= least ? ERR_OK : ERR_CORRUPT);
		free(copy);
	}
	new_event_fini(&ne);
}

/* The lengths of type and data, in place of those of sample. */
static enum err
decode_with_lengths(const char *lengths, size_t n)
{
	static const char after[] = "type{}";
	char record[64] = {0};
	size_t before = EVENT_LEAST_HEAD - 2;
	struct event ev;

	memcpy(record + before, lengths, n);
	memcpy(record + before + n, after, sizeof(after));
	return event_decode(&ev, slice(record, before + n + strlen(after)));
}

static void
lengths_beyond_the_record_are_damage(void **state)
{
	(void)state;
	assert_int_equal(decode_with_lengths("\4\2", 2), ERR_OK);
	assert_int_equal(decode_with_lengths("\4\3", 2), ERR_CORRUPT);
	assert_int_equal(decode_with_lengths("\7\0", 2), ERR_CORRUPT);
	assert_int_equal(
	    decode_with_lengths("\377\377\377\377\377\377\377\377\377\0", 10),
	    ERR_CORRUPT);
	assert_int_equal(
	    decode_with_lengths("\4\377\377\377\377\377\377\377\377\377", 10),
	    ERR_CORRUPT);
}

static void
a_length_in_too_many_bytes_is_damage(void **state)
{
	(void)state;
	assert_int_equal(decode_with_lengths("\200\4\2", 3), ERR_CORRUPT);
	assert_int_equal(decode_with_lengths("\4\200\2", 3), ERR_CORRUPT);
}

/* Where lengths begin to take another byte. */
static void
a_record_has_the_size_that_is_told(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 127, 128, 16383, 16384, 2097151, 2097152};
	char *data = calloc(1, 2097152);
	struct event ev = {.type = {"t", 1}}, read;
	struct new_event ne;
	size_t i;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ev.data = slice(data, sizes[i]);
		assert_int_equal(new_event_init(&ne, &ev), ERR_OK);
		assert_int_equal(ne.record_len, event_record_size(&ev));
		assert_int_equal(event_decode(&read, record_of(&ne)), ERR_OK);
		assert_true(slice_eq(read.data, ev.data));
		assert_int_equal(event_record_size(&read), ne.record_len);
		new_event_fini(&ne);
	}
	free(data);
}

static void
json_is_what_has_data_or_metadata_in_json(void **state)
{
	struct event ev = {.number = 0};

	(void)state;
	assert_false(event_is_json(&ev));
	ev.flags = EVENT_DATA_IS_JSON;
	assert_true(event_is_json(&ev));
	ev.flags = EVENT_METADATA_IS_JSON;
	assert_true(event_is_json(&ev));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_encoded_is_decoded),
	    cmocka_unit_test(an_event_may_be_empty),
	    cmocka_unit_test(a_type_of_the_greatest_length_is_kept),
	    cmocka_unit_test(a_record_cut_short_is_damaged),
	    cmocka_unit_test(lengths_beyond_the_record_are_damage),
	    cmocka_unit_test(a_length_in_too_many_bytes_is_damage),
	    cmocka_unit_test(a_record_has_the_size_that_is_told),
	    cmocka_unit_test(json_is_what_has_data_or_metadata_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
