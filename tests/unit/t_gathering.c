/* When a node may take those for lost that wait to be let in. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster-agent/gathering.h"
#include "cluster-agent/mark.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/group.h"
#include "store/log.h"
#include "tests/unit/fixture_store.h"

#define NODES       3
#define STEP_MS     100 /* between two calls, by the test's own clock */
#define PATIENCE_MS 20000

struct nodes {
	struct fixture f;
	char listen[NODES][32];
	struct conf_cluster conf[NODES]; /* as each of them reads it */
	struct gathering *first;         /* that of the first */
	struct group_state state;
	enum gathering_advice advice; /* what it said last */
	int64_t now_ms;
};

static char host[] = "127.0.0.1";

static int
open_socket(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

/* The sockets are held until all have a port of their own. */
static void
name_nodes(struct nodes *all)
{
	int fds[NODES];
	uint16_t port;
	size_t i, k;

	for (i = 0; i < NODES; i++) {
		fds[i] = open_socket(0);
		port = port_of(fds[i]);
		snprintf(all->listen[i], sizeof(all->listen[i]), "%s:%u", host,
		    port);
		for (k = 0; k < NODES; k++)
			all->conf[k].nodes[i] =
			    (struct conf_node){.listen = all->listen[i],
				.host = host,
				.port = port};
	}
	for (k = 0; k < NODES; k++) {
		all->conf[k].nnodes = NODES;
		all->conf[k].self = k;
		close(fds[k]);
	}
}

static void
begin(struct nodes *all)
{
	all->first = gathering_new(&all->conf[0], all->f.dir);
}

static void
ask(struct nodes *all)
{
	all->advice = gathering_advise(all->first, &all->state, all->now_ms);
}

/* A while passes in which these call; what comes is heard at its end. */
static void
pass(struct nodes *all, const char *callers)
{
	for (; *callers != '\0'; callers++)
		gathering_call(&all->conf[*callers - '0'], all->f.dir);
	all->now_ms += STEP_MS;
	ask(all);
}

static bool
is_lost(const struct nodes *all)
{
	return all->advice == GATHERING_RULE;
}

/* Whether it comes to that while these call.  A datagram may come late. */
static bool
becomes_lost(struct nodes *all, const char *callers)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!is_lost(all) && clock_mono_ms() < end)
		pass(all, callers);
	return is_lost(all);
}

/* Whether it does not in ten times as long as it takes. */
static bool
stays(struct nodes *all, const char *callers)
{
	int64_t until = all->now_ms + INT64_C(10) * GATHERING_SURE_MS;

	while (!is_lost(all) && all->now_ms < until)
		pass(all, callers);
	return !is_lost(all);
}

static void
who_hears_all_others_wait_is_lost_after_a_while(void **state)
{
	struct nodes *all = *state;
	int64_t start = all->now_ms;

	assert_true(becomes_lost(all, "12"));
	assert_true(all->now_ms - start >= GATHERING_SURE_MS);
}

static void
nobody_is_lost_while_another_is_silent(void **state)
{
	struct nodes *all = *state;

	assert_true(stays(all, "1"));
	assert_true(stays(all, "2"));
	assert_true(becomes_lost(all, "12"));
}

static void
what_was_said_long_ago_does_not_count(void **state)
{
	struct nodes *all = *state;
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	assert_true(becomes_lost(all, "12"));
	while (is_lost(all) && clock_mono_ms() < end) {
		all->now_ms += GATHERING_HEARD_MS;
		pass(all, "1");
	}
	assert_false(is_lost(all));
	assert_true(stays(all, "1"));
}

static void
what_lay_unread_is_not_enough(void **state)
{
	struct nodes *all = *state;
	int i;

	for (i = 0; i < 50; i++) {
		gathering_call(&all->conf[1], all->f.dir);
		gathering_call(&all->conf[2], all->f.dir);
	}
	all->now_ms += INT64_C(10) * GATHERING_SURE_MS;
	pass(all, "");
	assert_false(is_lost(all));
}

static void
only_the_words_of_another_node_count(void **state)
{
	struct nodes *all = *state;
	struct conf_cluster strange = all->conf[2];
	char none[] = "127.0.0.1:1", longer[] = "127.0.0.1:70010";

	strange.nodes[2].listen = none;
	all->conf[2] = strange;
	assert_true(stays(all, "12"));
	all->conf[2].nodes[2].listen = longer;
	assert_true(stays(all, "12"));
	all->conf[2].nodes[2].listen = all->listen[1];
	assert_true(stays(all, "12"));
	all->conf[2].nodes[2].listen = all->listen[2];
	assert_true(becomes_lost(all, "12"));
}

static void
who_has_a_store_does_not_call(void **state)
{
	struct nodes *all = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/streams.db", all->f.dir);
	fclose(fopen(path, "w"));
	assert_true(stays(all, "12"));
	remove(path);
	assert_true(becomes_lost(all, "12"));
}

static void
only_who_has_no_master_becomes_one(void **state)
{
	struct nodes *all = *state;

	all->state.master = 1;
	assert_true(stays(all, "12"));
	all->state.master = GROUP_NOBODY;
	all->state.role = GROUP_IS_MASTER;
	assert_true(stays(all, "12"));
	all->state.role = GROUP_CLIENT;
	assert_true(becomes_lost(all, "12"));
}

static void
nobody_is_lost_while_there_are_unlisted_members(void **state)
{
	struct nodes *all = *state;
	struct group_members m = {.n = 4, .has = {[1] = true, [2] = true}};

	gathering_note(all->first, &m, false, 0);
	assert_true(stays(all, "12"));
	m.n = 3;
	gathering_note(all->first, &m, false, 0);
	assert_true(becomes_lost(all, "12"));
}

static void
a_node_that_is_the_only_one_listed_has_nobody_to_lose(void **state)
{
	struct nodes *all = *state;

	all->conf[0].nnodes = 1;
	assert_true(stays(all, ""));
	all->conf[0].nnodes = NODES;
	assert_true(becomes_lost(all, "12"));
}

static void
who_was_put_out_joins_again_until_the_group_is_settled(void **state)
{
	struct nodes *all = *state;
	const struct group_members three = {
	    .is_connected = {[1] = true, [2] = true}};

	ask(all);
	assert_int_equal(all->advice, GATHERING_GO_ON);
	all->state.is_out = true;
	ask(all);
	assert_int_equal(all->advice, GATHERING_JOIN);
	gathering_note(all->first, &three, true, 0);
	gathering_note(all->first, &three, true, GATHERING_SETTLED_MS);
	ask(all);
	assert_int_equal(all->advice, GATHERING_GO_ON);
}

static void
a_group_that_has_stood_together_is_settled_for_ever(void **state)
{
	struct nodes *all = *state;
	const struct group_members two = {.is_connected = {[1] = true}},
				   three = {.is_connected = {
						[1] = true, [2] = true}};
	int64_t half = GATHERING_SETTLED_MS / 2;

	gathering_note(all->first, &three, true, 0);
	gathering_note(all->first, &two, true, half);
	gathering_note(all->first, &three, true, half + 1);
	gathering_note(all->first, &three, false, half + 2);
	gathering_note(all->first, &three, true, half + 3);
	gathering_note(all->first, &three, true, half + 2 + 2 * half);
	assert_false(mark_is_settled(all->f.dir));
	assert_true(becomes_lost(all, "12"));

	gathering_note(all->first, &three, true, half + 3 + 2 * half);
	assert_true(mark_is_settled(all->f.dir));
	ask(all);
	assert_false(is_lost(all));
	gathering_free(&all->first);
	begin(all);
	assert_true(stays(all, "12"));
}

static int
setup(void **state)
{
	struct nodes *all = xcalloc(1, sizeof(*all));

	log_init("test", LOG_LEVEL_ERROR);
	fixture_make_dir(&all->f);
	name_nodes(all);
	all->state =
	    (struct group_state){.role = GROUP_CLIENT, .master = GROUP_NOBODY};
	begin(all);
	*state = all;
	return 0;
}

static int
teardown(void **state)
{
	struct nodes *all = *state;

	gathering_free(&all->first);
	fixture_remove_dir(&all->f);
	free(all);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_hears_all_others_wait_is_lost_after_a_while),
	    TEST(nobody_is_lost_while_another_is_silent),
	    TEST(what_was_said_long_ago_does_not_count),
	    TEST(what_lay_unread_is_not_enough),
	    TEST(only_the_words_of_another_node_count),
	    TEST(who_has_a_store_does_not_call),
	    TEST(only_who_has_no_master_becomes_one),
	    TEST(nobody_is_lost_while_there_are_unlisted_members),
	    TEST(a_node_that_is_the_only_one_listed_has_nobody_to_lose),
	    TEST(who_was_put_out_joins_again_until_the_group_is_settled),
	    TEST(a_group_that_has_stood_together_is_settled_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
