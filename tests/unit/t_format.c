#include "config.h"

#include <string.h>

#include "store/format.h"
#include "store/tbl.h"
#include "store/tbl_counters.h"
#include "tests/unit/fixture_store.h"

static void
a_new_store_and_one_in_use_are_ours(void **state)
{
	struct fixture *f = *state;
	uint64_t end;

	assert_int_equal(format_check(f->env, &end), ERR_OK);
	assert_int_equal(end, 0);
	fixture_post(f, "s", EXPECT_ANY, "abc");
	assert_int_equal(format_check(f->env, &end), ERR_OK);
	assert_int_equal(end, 3);
}

/* The row of counters as the text says. */
static enum err
put_row(struct txn *tx, void *arg)
{
	struct slice *row = arg;
	DBT key = tbl_dbt("next", 4), value = tbl_dbt(row->p, row->n);

	return tbl_put(tx, TABLE_COUNTERS, &key, &value);
}

static void
expect_refused(struct fixture *f, const char *row, size_t n)
{
	struct slice s = slice(row, n);
	uint64_t end;

	assert_int_equal(fixture_run(f, TXN_WRITE, put_row, &s), ERR_OK);
	assert_int_equal(format_check(f->env, &end), ERR_CORRUPT);
	assert_int_equal(
	    fixture_post(f, "s", EXPECT_ANY, "d").outcome, ERR_CORRUPT);
}

static void
the_layout_of_another_version_is_refused(void **state)
{
	struct fixture *f = *state;
	char row[28] = {0, 0, 0, COUNTERS_LAYOUT - 1};

	fixture_post(f, "s", EXPECT_ANY, "abc");
	expect_refused(f, row, sizeof(row));
	row[3] = COUNTERS_LAYOUT + 1;
	expect_refused(f, row, sizeof(row));
	memset(row, 0, sizeof(row));
	expect_refused(f, row, sizeof(row));
	/* As it was before layouts had numbers. */
	expect_refused(f, row, 24);
	expect_refused(f, row, 16);
	expect_refused(f, row, 0);
}

#define IN_STORE(test)                   \
	cmocka_unit_test_setup_teardown( \
	    test, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(a_new_store_and_one_in_use_are_ours),
	    IN_STORE(the_layout_of_another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
