/* What a node is, as its processes see it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/clock.h"
#include "store/role.h"

struct place {
	char folder[32];
	struct role *agent, *worker;
};

static int
place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	snprintf(p->folder, sizeof(p->folder), "/tmp/t_role.XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	assert_int_equal(role_open(&p->agent, p->folder), ERR_OK);
	assert_int_equal(role_open(&p->worker, p->folder), ERR_OK);
	role_reset(p->agent, true);
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;
	char path[64];

	role_close(&p->agent);
	role_close(&p->worker);
	snprintf(path, sizeof(path), "%s/role", p->folder);
	unlink(path);
	rmdir(p->folder);
	free(p);
	return 0;
}

static void
at_first_a_node_is_nothing(void **state)
{
	struct place *p = *state;
	struct role_view v;

	role_look(p->worker, &v);
	assert_int_equal(v.kind, ROLE_NONE);
	assert_string_equal(v.url, "");
	assert_true(role_has_peers(p->worker));
	assert_false(role_is_calm(p->worker));
}

static void
a_replica_says_who_is_master(void **state)
{
	struct place *p = *state;
	struct role_view v;

	role_assume(p->agent, ROLE_REPLICA, "http://b:2113");
	role_set_position(p->agent, 5);
	role_set_master_position(p->agent, 9);
	role_look(p->worker, &v);
	assert_int_equal(v.kind, ROLE_REPLICA);
	assert_string_equal(v.url, "http://b:2113");
	assert_true(v.position == 5);
	assert_true(v.master_position == 9);
	assert_false(role_is_master(p->worker, NULL));
}

static void
a_master_is_one_until_its_time_has_passed(void **state)
{
	struct place *p = *state;
	struct role_view v;
	int64_t now = clock_mono_ms();

	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	assert_false(role_is_master(p->worker, NULL));
	role_prolong(p->agent, now + 60000);
	assert_true(role_is_master(p->worker, NULL));
	/* A new tenure begins without the time of the last one. */
	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_prolong(p->agent, now - 1);
	assert_false(role_is_master(p->worker, NULL));
	role_look(p->worker, &v);
	assert_int_equal(v.kind, ROLE_NONE);
	assert_string_equal(v.url, "");
}

static void
every_change_is_another_tenure(void **state)
{
	struct place *p = *state;
	uint64_t first, second;

	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_prolong(p->agent, ROLE_FOR_EVER);
	assert_true(role_is_master(p->worker, &first));
	role_assume(p->agent, ROLE_NONE, "");
	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_prolong(p->agent, ROLE_FOR_EVER);
	assert_true(role_is_master(p->worker, &second));
	assert_true(second > first);
}

static void
what_is_acked_only_grows(void **state)
{
	struct place *p = *state;
	uint64_t tenure;

	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_is_master(p->worker, &tenure);
	assert_true(role_acked(p->worker) == 0);
	role_raise_acked(p->worker, tenure, 7);
	role_raise_acked(p->agent, tenure, 3);
	assert_true(role_acked(p->agent) == 7);
	role_reset(p->agent, true);
	assert_true(role_acked(p->worker) == 0);
}

/* A master of old that is one again has not seen what came between. */
static void
what_was_acked_in_another_tenure_says_nothing(void **state)
{
	struct place *p = *state;
	uint64_t first, second;

	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_is_master(p->worker, &first);
	role_raise_acked(p->worker, first, 7);
	role_assume(p->agent, ROLE_REPLICA, "http://b:2113");
	assert_true(role_acked(p->worker) == 0);
	role_assume(p->agent, ROLE_MASTER, "http://a:2113");
	role_is_master(p->worker, &second);
	role_raise_acked(p->worker, first, 9);
	assert_true(role_acked(p->worker) == 0);
	role_raise_acked(p->worker, second, 8);
	assert_true(role_acked(p->worker) == 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		at_first_a_node_is_nothing, place_make, place_remove),
	    cmocka_unit_test_setup_teardown(
		a_replica_says_who_is_master, place_make, place_remove),
	    cmocka_unit_test_setup_teardown(
		a_master_is_one_until_its_time_has_passed, place_make,
		place_remove),
	    cmocka_unit_test_setup_teardown(
		every_change_is_another_tenure, place_make, place_remove),
	    cmocka_unit_test_setup_teardown(
		what_is_acked_only_grows, place_make, place_remove),
	    cmocka_unit_test_setup_teardown(
		what_was_acked_in_another_tenure_says_nothing, place_make,
		place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
