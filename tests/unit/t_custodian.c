#include "config.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cluster-agent/custodian.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/conf_cluster.h"
#include "store/control.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/log.h"
#include "store/tbl.h"
#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

#define PATIENCE_MS 20000
#define TIME_LIMIT  60    /* seconds for a test, which else hangs */
#define STACK_BYTES 65536 /* of it are cleared; the custodian needs less */

static char url[] = "http://127.0.0.1:2113";

/* Whatever custodian_run() had on the stack is gone. */
static __attribute__((noinline)) void
clear_stack(void)
{
	char stack[STACK_BYTES];

	explicit_bzero(stack, sizeof(stack));
}

/* Whether a thread of the custodian answers what its state says. */
static bool
knows_its_url(const char *dir)
{
	json_t *request = json_pack("{s:s}", "command", "cluster"), *member;
	struct control_call call = {
	    .dir = dir, .request = request, .patience_ms = PATIENCE_MS};
	bool knows = false;

	if (control_ask(&call) == ERR_OK) {
		member =
		    json_array_get(json_object_get(call.result, "members"), 0);
		knows =
		    strcmp(json_string_value(json_object_get(member, "url")),
			url) == 0;
		json_decref(call.result);
	}
	json_decref(request);
	return knows;
}

/* What the supervisor does, but it does not end the process at once. */
static int
run_custodian(const struct conf *conf)
{
	sigset_t stop;
	int status;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	status = custodian_run(conf);
	clear_stack();
	return status;
}

static int
be_custodian(struct child *self, void *arg)
{
	struct fixture *f = arg;
	struct conf conf = {.data = f->dir,
	    .url = url,
	    .cache_mb = 16,
	    .durability = CONF_DISK};
	int status = run_custodian(&conf);

	(void)self;
	if (status == EX_TEMPFAIL && !knows_its_url(f->dir))
		return EXIT_FAILURE;
	return status;
}

static int
be_custodian_of_cluster(struct child *self, void *arg)
{
	struct fixture *f = arg;
	char host[] = "127.0.0.1", address[] = "127.0.0.1:1";
	struct conf_cluster cluster = {.nodes = {{address, host, 1, url}},
	    .nnodes = 1,
	    .heartbeat_ms = 100};
	struct conf conf = {.data = f->dir,
	    .url = url,
	    .cache_mb = 16,
	    .durability = CONF_DISK,
	    .cluster = &cluster};

	(void)self;
	return run_custodian(&conf);
}

static struct custody *
enter(const struct fixture *f)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct custody *c;
	enum err e;

	assert_int_equal(custody_open(&c, f->dir), ERR_OK);
	while ((e = custody_enter(c, "test")) == ERR_UNAVAILABLE &&
	       clock_mono_ms() < end)
		clock_sleep_ms(5);
	assert_int_equal(e, ERR_OK);
	return c;
}

static void
its_threads_outlive_its_wish_to_begin_anew(void **state)
{
	struct fixture *f = *state;
	struct child custodian = child_start(be_custodian, f);
	struct custody *worker = enter(f);

	custody_report(worker);
	assert_int_equal(child_end(&custodian), EX_TEMPFAIL);
	custody_close(&worker);
}

static void
a_stop_ends_it(void **state)
{
	struct fixture *f = *state;
	struct child custodian = child_start(be_custodian, f);
	struct custody *worker = enter(f);

	custody_leave(worker);
	kill(custodian.pid, SIGTERM);
	assert_int_equal(child_end(&custodian), 0);
	custody_close(&worker);
}

/* A store as it was before layouts had numbers. */
static enum err
put_old_counters(struct txn *tx, void *arg)
{
	char row[24] = {0};
	DBT key = tbl_dbt("next", 4), value = tbl_dbt(row, sizeof(row));

	(void)arg;
	return tbl_put(tx, TABLE_COUNTERS, &key, &value);
}

static int
make_old_store(struct child *self, void *arg)
{
	struct fixture *f = arg;

	(void)self;
	assert_int_equal(fixture_env_open(f), ERR_OK);
	assert_int_equal(
	    fixture_run(f, TXN_WRITE, put_old_counters, NULL), ERR_OK);
	env_close(&f->env);
	return EXIT_SUCCESS;
}

static void
a_store_of_another_layout_is_refused(void **state)
{
	struct fixture *f = *state;
	struct child maker = child_start(make_old_store, f), custodian;

	assert_int_equal(child_end(&maker), EXIT_SUCCESS);
	custodian = child_start(be_custodian, f);
	assert_int_equal(child_end(&custodian), EX_UNAVAILABLE);
	custodian = child_start(be_custodian_of_cluster, f);
	assert_int_equal(child_end(&custodian), CUSTODIAN_STANDS_BACK);
}

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_init("test", LOG_LEVEL_ERROR);
	alarm(TIME_LIMIT);
	fixture_make_dir(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fixture_remove_dir(f);
	free(f);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		its_threads_outlive_its_wish_to_begin_anew, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_stop_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_store_of_another_layout_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
