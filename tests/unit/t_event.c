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
	new_event_place(&ne, UINT64_MAX - 1, -5);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_OK);
	assert_true(ev.position == UINT64_MAX - 1);
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
	assert_int_equal(ne.record_len, EVENT_HEAD_SIZE);
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
	size_t least = EVENT_HEAD_SIZE + sample.type.n + sample.data.n, i;
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

static void
lengths_beyond_the_record_are_damage(void **state)
{
	struct new_event ne;
	struct event ev;

	(void)state;
	assert_int_equal(new_event_init(&ne, &sample), ERR_OK);
	/* Type and data lengths, all bits set. */
	memset(ne.record + 33, 0xff, 6);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_CORRUPT);
	memset(ne.record + 33, 0, 2);
	assert_int_equal(event_decode(&ev, record_of(&ne)), ERR_CORRUPT);
	new_event_fini(&ne);
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
	    cmocka_unit_test(json_is_what_has_data_or_metadata_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
