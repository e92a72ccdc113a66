/* The section "cluster" of rill.json. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/conf_cluster.h"
#include "store/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define A "{\"listen\": \"10.0.0.1:7001\", \"url\": \"http://a:2113\"}"
#define B "{\"listen\": \"10.0.0.2:7001\", \"url\": \"http://b:2113\"}"
#define C "{\"listen\": \"[fd00::3]:7001\", \"url\": \"http://c:2113\"}"

static enum err
read_text(struct conf_cluster **c, struct conf_fault *fault, const char *text)
{
	struct json_value v;

	assert_true(json_parse(&v, slice_str(text), NULL));
	*c = NULL;
	return conf_cluster_read(c, v, fault);
}

static struct conf_cluster *
accepted(const char *text)
{
	struct conf_fault fault;
	struct conf_cluster *c;

	if (read_text(&c, &fault, text) != ERR_OK)
		fail_msg("%s refused: %s", text, fault.why);
	return c;
}

static void
three_nodes_and_which_of_them_this_is(void **state)
{
	struct conf_cluster *c = accepted("{\"nodes\": [" A ", " B ", " C
					  "], \"listen\": \"10.0.0.2:7001\"}");

	(void)state;
	assert_int_equal(c->nnodes, 3);
	assert_int_equal(c->self, 1);
	assert_string_equal(c->nodes[0].host, "10.0.0.1");
	assert_int_equal(c->nodes[0].port, 7001);
	assert_string_equal(c->nodes[1].url, "http://b:2113");
	assert_string_equal(c->nodes[2].listen, "[fd00::3]:7001");
	assert_string_equal(c->nodes[2].host, "fd00::3");
	assert_int_equal(conf_cluster_quorum(c), 2);
	conf_cluster_free(&c);
	assert_null(c);
}

static void
what_is_left_out_has_defaults(void **state)
{
	struct conf_cluster *c =
	    accepted("{\"listen\": \"10.0.0.1:7001\", \"nodes\": [" A "]}");

	(void)state;
	assert_int_equal(c->acks, CONF_ACKS_QUORUM);
	assert_int_equal(c->replica_durability, CONF_REPLICA_DISK);
	assert_int_equal(c->heartbeat_ms, 100);
	assert_int_equal(c->log_keep_mb, 2048);
	conf_cluster_free(&c);
}

static void
all_can_be_said(void **state)
{
	struct conf_cluster *c = accepted(
	    "{\"listen\": \"10.0.0.1:7001\", \"nodes\": [" A ", " B "], "
	    "\"acks\": \"all\", \"replica_durability\": \"os\", "
	    "\"heartbeat_ms\": 20, \"log_keep_mb\": 1048576}");

	(void)state;
	assert_int_equal(c->acks, CONF_ACKS_ALL);
	assert_int_equal(c->replica_durability, CONF_REPLICA_OS);
	assert_int_equal(c->heartbeat_ms, 20);
	assert_int_equal(c->log_keep_mb, 1048576);
	assert_int_equal(conf_cluster_quorum(c), 2);
	conf_cluster_free(&c);
}

static void
what_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *why, *at;
	} wrong[] = {
	    {"[]", "\"cluster\" must be an object", "["},
	    {"{}", "must have both \"listen\" and \"nodes\"", "{"},
	    {"{\"listen\": \"10.0.0.1:7001\"}", "must have both", "{"},
	    {"{\"nodes\": [" A "], \"listen\": \"10.0.0.9:7001\"}",
		"10.0.0.9:7001 is not", "\"10.0.0.9"},
	    {"{\"nodes\": [" A "], \"listen\": \"10.0.0.1\"}",
		"\"listen\" must be a host and a port",
		"listen\": \"10.0.0.1\""},
	    {"{\"nodes\": [], \"listen\": \"10.0.0.1:7001\"}", "is not",
		"\"10.0.0.1"},
	    {"{\"nodes\": [" A ", " A "], \"listen\": \"10.0.0.1:7001\"}",
		"must not have the same", NULL},
	    {"{\"nodes\": [{\"listen\": \"h:1\"}], \"listen\": \"h:1\"}",
		"must have both \"listen\" and \"url\"", "{\"listen\""},
	    {"{\"listen\": \"h:1\", "
	     "\"nodes\": [{\"listen\": \"h:1\", \"url\": \"ftp://x\"}]}",
		"\"url\" must be http://", "url"},
	    {"{\"listen\": \"h:1\", "
	     "\"nodes\": [{\"lissen\": \"h:1\"}]}",
		"\"lissen\" is not a key", "lissen"},
	    {"{\"acks\": \"most\"}", "\"acks\" must be \"quorum\" or \"all\"",
		"acks"},
	    {"{\"acks\": \"all\", \"acks\": \"all\"}", "twice", NULL},
	    {"{\"heartbeat_ms\": 19}", "from 20 to 10000, not 19",
		"heartbeat_ms"},
	    {"{\"heartbeat_ms\": 10001}", "from 20 to 10000", "heartbeat_ms"},
	    {"{\"heartbeat_ms\": 1e2}", "from 20 to 10000", "heartbeat_ms"},
	    {"{\"log_keep_mb\": \"64\"}", "a whole number", "log_keep_mb"},
	    {"{\"nodes\": {}}", "\"nodes\" must be an array", "nodes"},
	    {"{\"port\": 1}", "\"port\" is not a key of \"cluster\"", "port"},
	};
	struct conf_fault fault;
	struct conf_cluster *c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(
		    read_text(&c, &fault, wrong[i].text), ERR_INVALID);
		assert_null(c);
		if (strstr(fault.why, wrong[i].why) == NULL)
			fail_msg("%s: %s", wrong[i].text, fault.why);
		if (wrong[i].at != NULL)
			assert_ptr_equal(
			    fault.at, strstr(wrong[i].text, wrong[i].at));
	}
}

static void
there_is_a_limit_to_the_nodes(void **state)
{
	char text[2048] = "{\"listen\": \"h1:1\", \"nodes\": [";
	struct conf_fault fault;
	struct conf_cluster *c;
	size_t n = strlen(text);
	int i;

	(void)state;
	for (i = 1; i <= CONF_MAX_NODES + 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s{\"listen\": \"h%d:1\", \"url\": \"http://h%d\"}",
		    i == 1 ? "" : ", ", i, i);
	snprintf(text + n, sizeof(text) - n, "]}");
	assert_int_equal(read_text(&c, &fault, text), ERR_INVALID);
	assert_non_null(strstr(fault.why, "1 to 9"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_nodes_and_which_of_them_this_is),
	    cmocka_unit_test(what_is_left_out_has_defaults),
	    cmocka_unit_test(all_can_be_said),
	    cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
	    cmocka_unit_test(there_is_a_limit_to_the_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
