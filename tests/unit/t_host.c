#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/host.h"
#include "store/conf.h"

static char *names[] = {"events.example", "[fe80::1]"};

static bool
is_known(const char *host)
{
	struct conf conf = {
	    .url = "http://node.example:8080/x", .hosts = names, .nhosts = 2};

	return host_is_known(&conf, slice_str(host));
}

static void
the_configured_url_names_the_node_at_any_port(void **state)
{
	(void)state;
	assert_true(is_known("node.example"));
	assert_true(is_known("node.example:8080"));
	assert_true(is_known("NODE.example:1"));
}

static void
listed_names_and_localhost_do_too(void **state)
{
	(void)state;
	assert_true(is_known("events.example:2113"));
	assert_true(is_known("localhost:2113"));
	assert_true(is_known(" localhost "));
}

static void
addresses_cannot_be_rebound_and_are_taken(void **state)
{
	(void)state;
	assert_true(is_known("127.0.0.1:2113"));
	assert_true(is_known("10.1.2.3"));
	assert_true(is_known("[::1]:2113"));
}

static void
any_other_name_is_unknown(void **state)
{
	(void)state;
	assert_false(is_known(""));
	assert_false(is_known("evil.example"));
	assert_false(is_known("node.example.evil.example"));
	assert_false(is_known("node.exampl"));
	assert_false(is_known("127.0.0.1.evil.example"));
	assert_false(is_known("1234567890123456789"));
}

static void
a_star_takes_any_name(void **state)
{
	char *star[] = {"*"};
	struct conf conf = {.url = "http://a", .hosts = star, .nhosts = 1};

	(void)state;
	assert_true(host_is_known(&conf, slice_str("any.example:80")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_configured_url_names_the_node_at_any_port),
	    cmocka_unit_test(listed_names_and_localhost_do_too),
	    cmocka_unit_test(addresses_cannot_be_rebound_and_are_taken),
	    cmocka_unit_test(any_other_name_is_unknown),
	    cmocka_unit_test(a_star_takes_any_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
