#include "config.h"

#include "store/tbl.h"
#include "store/verify.h"
#include "tests/unit/fixture_store.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct wrong_key {
	enum table table;
	const char *key;
	size_t n;
};

static enum err
put_wrong_key(struct txn *tx, void *arg)
{
	const struct wrong_key *w = arg;
	DBT key = tbl_dbt(w->key, w->n), value = tbl_dbt("\1\1", 2);

	return tbl_put(tx, w->table, &key, &value);
}

/* They stand beside good ones, and no walk may pass over them, or hang. */
static void
a_key_that_nobody_writes_is_damage(void **state)
{
	static const char longest[] = "0123456789abcdef0123456789abcdef";
	static const struct wrong_key wrong[] = {
	    {TABLE_EVENTS, "\200\1\0", 3}, /* one, in two bytes */
	    {TABLE_EVENTS, "\1\200", 2},
	    {TABLE_EVENTS, "\1", 1},
	    {TABLE_EVENTS, "\1\0\0", 3},
	    {TABLE_EVENTS, "\1\377\377\0\0\0\0\0\0\0", 10},
	    {TABLE_EVENTS, longest, sizeof(longest)},
	    {TABLE_ALL, "\200\1", 2},
	    {TABLE_ALL, "\1\0", 2},
	    {TABLE_ALL, longest, sizeof(longest)},
	    {TABLE_EVENT_IDS, "\1abc", 4},
	    {TABLE_EVENT_IDS, "\200\1abcdefghijklmnop", 18},
	    {TABLE_EVENT_IDS, longest, sizeof(longest)},
	    {TABLE_STREAMS, "\0\200\1", 3},
	    {TABLE_STREAMS, "\0\1\1", 3},
	};
	struct verify v = {.is_alone = true};
	struct fixture *f;
	size_t i;

	for (i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(fixture_env_setup(state), 0);
		f = *state;
		fixture_post(f, "one", EXPECT_ANY, "abc");
		assert_int_equal(fixture_run(f, TXN_WRITE, put_wrong_key,
				     (void *)(uintptr_t)&wrong[i]),
		    ERR_OK);
		if (verify_env(f->env, &v) != ERR_CORRUPT)
			fail_msg("not found: key %zu", i);
		fixture_env_teardown(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_that_nobody_writes_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
