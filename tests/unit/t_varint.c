#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/event_key.h"
#include "store/varint.h"

#define PAIRS 100000

/* The same ones each time; their lengths are as likely as each other. */
static uint64_t
roll(uint64_t *dice)
{
	uint64_t v;

	*dice ^= *dice << 13;
	*dice ^= *dice >> 7;
	*dice ^= *dice << 17;
	v = *dice * UINT64_C(0x2545f4914f6cdd1d);
	return v >> (v & 63);
}

/* As the library compares two keys. */
static int
compare(struct slice a, struct slice b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r != 0 ? r : (a.n > b.n) - (a.n < b.n);
}

static int
sign(int r)
{
	return (r > 0) - (r < 0);
}

static struct slice
encode(unsigned char out[VARINT_MOST], uint64_t v)
{
	return slice(out, (size_t)(varint_put(out, v) - out));
}

static void
expect_round_trip(uint64_t v, size_t n)
{
	unsigned char raw[VARINT_MOST + 1];
	struct slice made, rest;
	uint64_t read = ~v;
	size_t i;

	memset(raw, 0x55, sizeof(raw));
	made = encode(raw, v);
	assert_int_equal(made.n, n);
	assert_int_equal(varint_size(v), n);
	assert_int_equal(raw[n], 0x55);
	/* What follows is left. */
	rest = slice(raw, n + 1);
	assert_true(varint_take(&rest, &read));
	assert_true(read == v);
	assert_int_equal(rest.n, 1);
	for (i = 0; i < n; i++) {
		rest = slice(raw, i);
		assert_false(varint_take(&rest, &read));
		assert_int_equal(rest.n, i);
	}
}

static void
every_length_begins_and_ends_where_it_must(void **state)
{
	uint64_t end;
	size_t n;

	(void)state;
	expect_round_trip(0, 1);
	for (n = 1; n < VARINT_MOST; n++) {
		end = UINT64_C(1) << 7 * n;
		expect_round_trip(end - 1, n);
		expect_round_trip(end, n + 1);
	}
	expect_round_trip(INT64_MAX, VARINT_MOST);
	expect_round_trip(UINT64_MAX, VARINT_MOST);
}

static void
the_bytes_are_those_of_the_layout(void **state)
{
	static const struct {
		uint64_t v;
		const char *bytes;
		size_t n;
	} cases[] = {
	    {0, "\x00", 1},
	    {127, "\x7f", 1},
	    {128, "\x80\x80", 2},
	    {300, "\x81\x2c", 2},
	    {16384, "\xc0\x40\x00", 3},
	    {UINT64_C(1) << 49, "\xfe\x02\0\0\0\0\0\0", 8},
	    {UINT64_C(1) << 56, "\xff\x01\0\0\0\0\0\0\0", 9},
	    {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9},
	};
	unsigned char raw[VARINT_MOST];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(slice_eq(encode(raw, cases[i].v),
		    slice(cases[i].bytes, cases[i].n)));
}

/* Each in one byte more than it needs, and zero in each length. */
static void
one_that_is_too_long_is_none(void **state)
{
	static const struct slice wrong[] = {
	    {"\x80\x00", 2},
	    {"\x80\x7f", 2},
	    {"\xc0\x3f\xff", 3},
	    {"\xe0\x1f\xff\xff", 4},
	    {"\xf0\x0f\xff\xff\xff", 5},
	    {"\xf8\x07\xff\xff\xff\xff", 6},
	    {"\xfc\x03\xff\xff\xff\xff\xff", 7},
	    {"\xfe\x01\xff\xff\xff\xff\xff\xff", 8},
	    {"\xff\x00\xff\xff\xff\xff\xff\xff\xff", 9},
	    {"\xff\0\0\0\0\0\0\0\0", 9},
	    {"\xfe\0\0\0\0\0\0\0", 8},
	    {"\xc0\0\0", 3},
	};
	struct slice rest;
	uint64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		rest = wrong[i];
		assert_false(varint_take(&rest, &v));
		assert_int_equal(rest.n, wrong[i].n);
	}
}

/* Whatever is read is what would have been written. */
static void
two_bytes_are_one_number_or_none(void **state)
{
	unsigned char raw[2], again[VARINT_MOST];
	struct slice rest;
	unsigned int i, taken = 0;
	uint64_t v;

	(void)state;
	for (i = 0; i < 0x10000; i++) {
		raw[0] = (unsigned char)(i >> 8);
		raw[1] = (unsigned char)i;
		rest = slice(raw, 2);
		if (!varint_take(&rest, &v))
			continue;
		taken++;
		assert_true(slice_eq(encode(again, v), slice(raw, 2 - rest.n)));
	}
	assert_int_equal(taken, 128 * 256 + 16384 - 128);
}

static void
a_number_of_an_event_is_not_negative(void **state)
{
	unsigned char raw[VARINT_MOST];
	struct slice rest;
	int64_t number = 0;

	(void)state;
	rest = encode(raw, INT64_MAX);
	assert_true(varint_take_number(&rest, &number));
	assert_true(number == INT64_MAX);
	assert_int_equal(rest.n, 0);
	rest = encode(raw, (uint64_t)INT64_MAX + 1);
	assert_false(varint_take_number(&rest, &number));
	assert_int_equal(rest.n, VARINT_MOST);
}

static void
the_order_of_numbers_is_that_of_their_bytes(void **state)
{
	unsigned char raw_a[VARINT_MOST], raw_b[VARINT_MOST];
	uint64_t dice = 88172645463325252u, a, b;
	size_t i;

	(void)state;
	for (i = 0; i < PAIRS; i++) {
		a = roll(&dice);
		b = i % 4 == 0 ? a + 1 : roll(&dice);
		assert_int_equal(
		    sign(compare(encode(raw_a, a), encode(raw_b, b))),
		    (a > b) - (a < b));
	}
}

struct place {
	uint64_t stream_id;
	int64_t number;
};

static struct place
random_place(uint64_t *dice)
{
	struct place p = {roll(dice), (int64_t)(roll(dice) >> 1)};

	return p;
}

static struct slice
make_key(unsigned char out[EVENT_KEY_MOST], struct place p)
{
	return slice(out, event_key_put(out, p.stream_id, p.number));
}

static int
compare_places(struct place a, struct place b)
{
	if (a.stream_id != b.stream_id)
		return a.stream_id > b.stream_id ? 1 : -1;
	return (a.number > b.number) - (a.number < b.number);
}

static void
the_order_of_events_is_that_of_their_keys(void **state)
{
	unsigned char raw_a[EVENT_KEY_MOST], raw_b[EVENT_KEY_MOST];
	uint64_t dice = 88172645463325252u;
	struct place a, b;
	size_t i;

	(void)state;
	for (i = 0; i < PAIRS; i++) {
		a = random_place(&dice);
		b = random_place(&dice);
		if (i % 2 == 0)
			b.stream_id = a.stream_id;
		if (i % 8 == 0)
			b.number = a.number;
		assert_int_equal(
		    sign(compare(make_key(raw_a, a), make_key(raw_b, b))),
		    compare_places(a, b));
	}
}

static void
a_key_is_read_as_it_was_made(void **state)
{
	unsigned char raw[EVENT_KEY_MOST + 1] = {0};
	uint64_t dice = 88172645463325252u;
	struct place p, read;
	struct slice key;
	size_t i, n;

	(void)state;
	for (i = 0; i < PAIRS / 10; i++) {
		p = random_place(&dice);
		key = make_key(raw, p);
		assert_int_equal(
		    event_key_read(key, &read.stream_id, &read.number), ERR_OK);
		assert_int_equal(compare_places(p, read), 0);
		for (n = 0; n <= key.n + 1; n++)
			assert_int_equal(event_key_read(slice(raw, n),
					     &read.stream_id, &read.number),
			    n == key.n ? ERR_OK : ERR_CORRUPT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_begins_and_ends_where_it_must),
	    cmocka_unit_test(the_bytes_are_those_of_the_layout),
	    cmocka_unit_test(one_that_is_too_long_is_none),
	    cmocka_unit_test(two_bytes_are_one_number_or_none),
	    cmocka_unit_test(a_number_of_an_event_is_not_negative),
	    cmocka_unit_test(the_order_of_numbers_is_that_of_their_bytes),
	    cmocka_unit_test(the_order_of_events_is_that_of_their_keys),
	    cmocka_unit_test(a_key_is_read_as_it_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
