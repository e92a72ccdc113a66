#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/page.h"

#define MIB (1u << 20)

static int
make_page(void **state)
{
	*state = page_new();
	return 0;
}

static int
free_page(void **state)
{
	struct page *pg = *state;

	page_free(&pg);
	assert_null(pg);
	page_free(&pg);
	return 0;
}

/* Entries with these numbers. */
static void
add_entries(struct page *pg, int64_t from, int64_t to)
{
	struct entry *e;

	for (; from <= to; from++) {
		assert_int_equal(page_add(pg, &e), ERR_OK);
		assert_int_equal(e->link, LINK_NONE);
		e->event.number = from;
	}
}

static void
expect_numbers(struct page *pg, const int64_t *numbers, size_t n)
{
	size_t i;

	assert_int_equal(page_count(pg), n);
	for (i = 0; i < n; i++)
		assert_int_equal(page_entry(pg, i)->event.number, numbers[i]);
}

static void
entries_can_be_turned_around(void **state)
{
	page_reverse(*state);
	assert_int_equal(page_count(*state), 0);
	add_entries(*state, 1, 1);
	page_reverse(*state);
	expect_numbers(*state, (int64_t[]){1}, 1);
	add_entries(*state, 2, 4);
	page_reverse(*state);
	expect_numbers(*state, (int64_t[]){4, 3, 2, 1}, 4);
	add_entries(*state, 9, 9);
	page_reverse(*state);
	expect_numbers(*state, (int64_t[]){9, 1, 2, 3, 4}, 5);
	page_reverse_from(*state, 2);
	expect_numbers(*state, (int64_t[]){9, 1, 4, 3, 2}, 5);
	page_reverse_from(*state, 5);
	expect_numbers(*state, (int64_t[]){9, 1, 4, 3, 2}, 5);
}

static void
the_last_entries_can_be_dropped(void **state)
{
	add_entries(*state, 1, 5);
	page_drop_last(*state, 0);
	page_drop_last(*state, 3);
	expect_numbers(*state, (int64_t[]){1, 2}, 2);
	add_entries(*state, 7, 7);
	expect_numbers(*state, (int64_t[]){1, 2, 7}, 3);
}

static void
entries_are_bounded(void **state)
{
	struct entry *e;

	add_entries(*state, 1, PAGE_MAX_EVENTS);
	assert_int_equal(page_add(*state, &e), ERR_TOO_LARGE);
	assert_int_equal(page_count(*state), PAGE_MAX_EVENTS);
	assert_int_equal(page_entry(*state, PAGE_MAX_EVENTS - 1)->event.number,
	    PAGE_MAX_EVENTS);
}

static void
copies_stay_while_the_page_grows(void **state)
{
	struct slice copies[300];
	char text[700];
	size_t i;

	for (i = 0; i < 300; i++) {
		memset(text, (int)i, sizeof(text));
		assert_int_equal(
		    page_copy(*state, slice(text, i * 2 + 1), &copies[i]),
		    ERR_OK);
	}
	for (i = 0; i < 300; i++) {
		memset(text, (int)i, sizeof(text));
		assert_true(slice_eq(copies[i], slice(text, i * 2 + 1)));
	}
}

static void
memory_is_bounded_and_given_back(void **state)
{
	assert_non_null(page_alloc(*state, 100 * MIB));
	assert_null(page_alloc(*state, 29 * MIB));
	page_trim(*state, 50 * MIB);
	assert_non_null(page_alloc(*state, 29 * MIB));
	page_reset(*state);
	assert_non_null(page_alloc(*state, PAGE_MAX_BYTES));
	assert_null(page_alloc(*state, 1));
}

static void
memory_is_aligned_for_anything(void **state)
{
	size_t i;

	for (i = 0; i < 40; i++) {
		assert_int_equal((uintptr_t)page_alloc(*state, i) % 16, 0);
		if (i % 3 == 0)
			page_trim(*state, i / 2);
	}
}

static void
what_was_trimmed_is_used_again(void **state)
{
	char *first = page_alloc(*state, 4096), *second;

	memset(first, 'a', 100);
	page_trim(*state, 4096 - 100);
	second = page_alloc(*state, 4096);
	assert_true(second >= first + 100 && second < first + 4096);
	memset(second, 'b', 4096);
	assert_int_equal(first[99], 'a');
}

static void
reset_forgets_everything(void **state)
{
	add_entries(*state, 1, 10);
	assert_non_null(page_alloc(*state, 3 * MIB));
	page_reset(*state);
	assert_int_equal(page_count(*state), 0);
	add_entries(*state, 5, 5);
	expect_numbers(*state, (int64_t[]){5}, 1);
}

#define ON_PAGE(test) \
	cmocka_unit_test_setup_teardown(test, make_page, free_page)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_PAGE(entries_can_be_turned_around),
	    ON_PAGE(the_last_entries_can_be_dropped),
	    ON_PAGE(entries_are_bounded),
	    ON_PAGE(copies_stay_while_the_page_grows),
	    ON_PAGE(memory_is_bounded_and_given_back),
	    ON_PAGE(memory_is_aligned_for_anything),
	    ON_PAGE(what_was_trimmed_is_used_again),
	    ON_PAGE(reset_forgets_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
