#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/mould.h"

static void
put(struct buf *b, const void *parts, unsigned int part)
{
	buf_add_str(b, ((const char *const *)parts)[part]);
}

/* "<a-b-a>" with parts for the letters. */
static void
make(struct mould *m)
{
	buf_add_char(&m->text, '<');
	mould_cut(m, 0);
	buf_add_char(&m->text, '-');
	mould_cut(m, 1);
	buf_add_char(&m->text, '-');
	mould_cut(m, 0);
	buf_add_char(&m->text, '>');
}

static void
parts_come_where_the_text_was_cut(void **state)
{
	static const char *const first[] = {"one", ""}, *const second[] = {
							    "", "two"};
	struct mould m = {.ncuts = 0};
	struct buf b = {0};

	(void)state;
	make(&m);
	mould_cast(&m, &b, put, first);
	mould_cast(&m, &b, put, second);
	assert_true(slice_is(buf_slice(&b), "<one--one><-two->"));
	mould_fini(&m);
	buf_fini(&b);
}

static void
the_second_entry_in_a_row_suits_and_has_it_made_anew(void **state)
{
	struct mould m = {.ncuts = 0};

	(void)state;
	assert_false(mould_suits(&m, slice_str("a")));
	assert_true(mould_suits(&m, slice_str("a")));
	make(&m);
	assert_true(mould_suits(&m, slice_str("a")));
	assert_int_equal(m.ncuts, 3);
	assert_false(mould_suits(&m, slice_str("b")));
	assert_int_equal(m.ncuts, 0);
	assert_int_equal(m.text.n, 0);
	mould_fini(&m);
}

static void
what_is_cast_by_half_a_mould_fails(void **state)
{
	static const char *const parts[] = {"x", "y"};
	struct mould m = {.ncuts = 0};
	struct buf b = {0};

	(void)state;
	make(&m);
	buf_fail(&m.text);
	mould_cast(&m, &b, put, parts);
	assert_true(buf_failed(&b));
	mould_fini(&m);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_come_where_the_text_was_cut),
	    cmocka_unit_test(
		the_second_entry_in_a_row_suits_and_has_it_made_anew),
	    cmocka_unit_test(what_is_cast_by_half_a_mould_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
