#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/buf.h"

/* Sanitizers end a program that asks for too much, unless they are told. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *
__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
bytes_are_added_in_order(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add_str(&b, "ab");
	buf_add_char(&b, 'c');
	buf_add_slice(&b, slice("d\0e", 3));
	buf_add(&b, NULL, 0);
	buf_add_slice(&b, slice(NULL, 0));
	assert_true(slice_eq(buf_slice(&b), slice("abcd\0e", 6)));
	assert_false(buf_failed(&b));
	buf_fini(&b);
	assert_null(b.p);
}

static void
integers_are_printed_up_to_their_limits(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add_int(&b, 0);
	buf_add_char(&b, ' ');
	buf_add_int(&b, -1);
	buf_add_char(&b, ' ');
	buf_add_int(&b, INT64_MAX);
	buf_add_char(&b, ' ');
	buf_add_int(&b, INT64_MIN);
	assert_true(slice_is(
	    buf_slice(&b), "0 -1 9223372036854775807 -9223372036854775808"));
	buf_fini(&b);
}

static void
formatted_text_is_added(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add_str(&b, "<");
	buf_printf(&b, "%d-%s", 42, "x");
	buf_printf(&b, "%s", "");
	buf_add_str(&b, ">");
	assert_true(slice_is(buf_slice(&b), "<42-x>"));
	buf_fini(&b);
}

static void
it_grows_as_needed(void **state)
{
	char piece[1000];
	struct buf b = {0};
	int i;

	(void)state;
	memset(piece, 'p', sizeof(piece));
	for (i = 0; i < 1000; i++)
		buf_add(&b, piece, (size_t)i);
	assert_int_equal(b.n, 499500);
	assert_null(memchr(b.p, 0, b.n));
	buf_fini(&b);
}

static void
reset_keeps_the_memory_and_forgets_the_bytes(void **state)
{
	struct buf b = {0};
	size_t size;

	(void)state;
	assert_true(buf_reserve(&b, 5000));
	size = b.size;
	assert_true(size >= 5000);
	buf_add_str(&b, "x");
	buf_reset(&b);
	assert_int_equal(buf_slice(&b).n, 0);
	assert_int_equal(b.size, size);
	buf_fini(&b);
}

static void
lack_of_memory_is_remembered(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add_str(&b, "kept");
	assert_false(buf_reserve(&b, SIZE_MAX / 4));
	buf_add_str(&b, "more");
	assert_true(buf_failed(&b));
	buf_reset(&b);
	assert_false(buf_failed(&b));
	buf_fini(&b);
}

/* Else what follows would be taken for the rest of what was left out. */
static void
nothing_is_added_after_a_failure(void **state)
{
	struct buf b = {.limit = 8};

	(void)state;
	buf_add_str(&b, "before");
	buf_add_str(&b, "beyond");
	buf_add_str(&b, "a");
	buf_add_char(&b, 'b');
	buf_add_int(&b, 3);
	buf_printf(&b, "%c", '4');
	assert_false(buf_reserve(&b, 0));
	assert_true(slice_is(buf_slice(&b), "before"));
	buf_reset(&b);
	buf_add_str(&b, "again");
	buf_add_str(&b, "yes");
	assert_false(buf_failed(&b));
	assert_true(slice_is(buf_slice(&b), "againyes"));
	buf_fini(&b);
}

static void
what_is_made_of_a_failure_fails(void **state)
{
	struct buf part = {0}, whole = {0};

	(void)state;
	buf_add_str(&part, "part");
	buf_add_slice(&whole, buf_slice(&part));
	buf_fini_part(&part, &whole);
	assert_null(part.p);
	assert_false(buf_failed(&whole));
	buf_fail(&part);
	buf_fail_with(&whole, &part);
	buf_add_str(&whole, "more");
	assert_true(buf_failed(&whole));
	assert_true(slice_is(buf_slice(&whole), "part"));
	buf_fini_part(&part, &whole);
	assert_false(buf_failed(&part));
	buf_fini(&whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_added_in_order),
	    cmocka_unit_test(integers_are_printed_up_to_their_limits),
	    cmocka_unit_test(formatted_text_is_added),
	    cmocka_unit_test(it_grows_as_needed),
	    cmocka_unit_test(reset_keeps_the_memory_and_forgets_the_bytes),
	    cmocka_unit_test(lack_of_memory_is_remembered),
	    cmocka_unit_test(nothing_is_added_after_a_failure),
	    cmocka_unit_test(what_is_made_of_a_failure_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
