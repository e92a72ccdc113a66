/* Who is in the cluster, as the reference prints it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/gossip.h"
#include "store/buf.h"

/* 2026-11-22T03:08:36.019822Z */
#define SEEN INT64_C(17953169160198220)

static const struct gossip_member members[] = {
    {{"10.0.0.1:7001", 13}, {"http://a.example:2113", 21}, "Master", true, SEEN,
	2074},
    {{"[fd00::2]:7001", 14}, {"https://[fd00::2]/es", 20}, "Slave", false, SEEN,
	-1},
};

static const struct gossip cluster = {members, 2, {"https://[fd00::2]/es", 20}};

static struct buf printed;

static const char *
print(const struct gossip *g, enum media type)
{
	buf_reset(&printed);
	gossip_print(&printed, g, type);
	buf_add_char(&printed, '\0');
	assert_false(buf_failed(&printed));
	return printed.p;
}

static int
drop(void **state)
{
	(void)state;
	buf_fini(&printed);
	return 0;
}

static void
json_is_the_references(void **state)
{
	static const char first[] =
	    "{\n"
	    "  \"members\": [\n"
	    "    {\n"
	    "      \"instanceId\": \"c7d06eef-d719-5a44-902d-8b1f3a6aa806\",\n"
	    "      \"timeStamp\": \"2026-11-22T03:08:36.019822Z\",\n"
	    "      \"state\": \"Master\",\n"
	    "      \"isAlive\": true,\n"
	    "      \"internalTcpIp\": \"10.0.0.1\",\n"
	    "      \"internalTcpPort\": 7001,\n"
	    "      \"internalSecureTcpPort\": 0,\n"
	    "      \"externalTcpIp\": \"10.0.0.1\",\n"
	    "      \"externalTcpPort\": 0,\n"
	    "      \"externalSecureTcpPort\": 0,\n"
	    "      \"internalHttpIp\": \"a.example\",\n"
	    "      \"internalHttpPort\": 2113,\n"
	    "      \"externalHttpIp\": \"a.example\",\n"
	    "      \"externalHttpPort\": 2113,\n"
	    "      \"lastCommitPosition\": 2074,\n"
	    "      \"writerCheckpoint\": 2074,\n"
	    "      \"chaserCheckpoint\": 2074,\n"
	    "      \"epochPosition\": 0,\n"
	    "      \"epochNumber\": 0,\n"
	    "      \"epochId\": \"00000000-0000-0000-0000-000000000000\",\n"
	    "      \"nodePriority\": 0\n"
	    "    },\n";
	const char *text = print(&cluster, MEDIA_JSON);

	(void)state;
	assert_memory_equal(text, first, sizeof(first) - 1);
	assert_non_null(
	    strstr(text, "    }\n  ],\n  \"serverIp\": \"fd00::2\",\n"
			 "  \"serverPort\": 443\n}"));
}

static void
an_address_may_be_of_the_sixth_version(void **state)
{
	const char *text = print(&cluster, MEDIA_JSON);

	(void)state;
	assert_non_null(strstr(text, "\"internalTcpIp\": \"fd00::2\",\n"
				     "      \"internalTcpPort\": 7001"));
	assert_non_null(strstr(text, "\"externalHttpIp\": \"fd00::2\",\n"
				     "      \"externalHttpPort\": 443"));
	assert_non_null(strstr(text, "\"isAlive\": false"));
	assert_non_null(strstr(text, "\"lastCommitPosition\": -1"));
}

static void
xml_is_the_references(void **state)
{
	static const char first[] =
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
	    "<ClusterInfoDto><Members><MemberInfoDto><InstanceId>"
	    "c7d06eef-d719-5a44-902d-8b1f3a6aa806</InstanceId>"
	    "<TimeStamp>2026-11-22T03:08:36.019822Z</TimeStamp>"
	    "<State>Master</State><IsAlive>true</IsAlive>"
	    "<InternalTcpIp>10.0.0.1</InternalTcpIp>"
	    "<InternalTcpPort>7001</InternalTcpPort>";
	const char *text = print(&cluster, MEDIA_XML);

	(void)state;
	assert_memory_equal(text, first, sizeof(first) - 1);
	assert_non_null(
	    strstr(text, "<NodePriority>0</NodePriority></MemberInfoDto>"
			 "</Members><ServerIp>fd00::2</ServerIp>"
			 "<ServerPort>443</ServerPort></ClusterInfoDto>"));
	assert_string_equal(print(&cluster, MEDIA_TEXT_XML), text);
}

static void
text_is_the_references(void **state)
{
	static const char first[] =
	    "Server: fd00::2:443, Members: [InstanceId: "
	    "{c7d06eef-d719-5a44-902d-8b1f3a6aa806}, "
	    "TimeStamp: 2026-11-22 03:08:36.019, State: Master, "
	    "IsAlive: True, InternalTcpIp: 10.0.0.1, InternalTcpPort: 7001, ";
	const char *text = print(&cluster, MEDIA_TEXT);

	(void)state;
	assert_memory_equal(text, first, sizeof(first) - 1);
	assert_non_null(strstr(text, "NodePriority: 0,InstanceId: {"));
	assert_non_null(strstr(text, "NodePriority: 0]"));
}

static void
a_lone_node_is_one_member(void **state)
{
	static const struct gossip_member alone = {
	    {"", 0}, {"http://127.0.0.1:2113", 21}, "Master", true, SEEN, 7};
	static const struct gossip g = {&alone, 1, {"http://127.0.0.1", 16}};
	const char *text = print(&g, MEDIA_JSON);

	(void)state;
	assert_non_null(strstr(text, "\"internalTcpPort\": 0"));
	assert_non_null(strstr(text, "\"externalHttpPort\": 2113"));
	assert_non_null(strstr(text, "\"serverPort\": 80"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_is_the_references),
	    cmocka_unit_test(an_address_may_be_of_the_sixth_version),
	    cmocka_unit_test(xml_is_the_references),
	    cmocka_unit_test(text_is_the_references),
	    cmocka_unit_test(a_lone_node_is_one_member),
	};

	return cmocka_run_group_tests(tests, NULL, drop);
}
