#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/base_url.h"
#include "store/buf.h"

#define CONFIGURED "http://127.0.0.1:2113"

/* A plain request to host. */
static struct base_url_in
request(const char *host)
{
	struct base_url_in in = {0};

	in.scheme = slice_str("http");
	in.host = slice_str(host);
	in.configured = slice_str(CONFIGURED);
	return in;
}

static void
prints(const struct base_url_in *in, const char *expected)
{
	struct buf b = {0};

	base_url_print(&b, in);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p, expected);
	buf_fini(&b);
}

static void
host_gives(const char *host, const char *expected)
{
	struct base_url_in in = request(host);

	prints(&in, expected);
}

static void
host_is_refused(const char *host)
{
	host_gives(host, CONFIGURED);
}

static void
forwarded_host_gives(const char *value, const char *expected)
{
	struct base_url_in in = request("node:2113");

	in.forwarded_host = slice_str(value);
	prints(&in, expected);
}

static void
forwarded_port_gives(const char *value, const char *expected)
{
	struct base_url_in in = request("node:2113");

	in.forwarded_port = slice_str(value);
	prints(&in, expected);
}

static void
forwarded_proto_gives(const char *value, const char *expected)
{
	struct base_url_in in = request("node");

	in.forwarded_proto = slice_str(value);
	prints(&in, expected);
}

static void
prefix_gives(const char *value, const char *expected)
{
	struct base_url_in in = request("node:2113");

	in.forwarded_prefix = slice_str(value);
	prints(&in, expected);
}

static void
the_host_is_printed_as_the_client_sent_it(void **state)
{
	(void)state;
	host_gives("127.0.0.1:2113", "http://127.0.0.1:2113");
	host_gives("Node-1.example", "http://Node-1.example");
	host_gives("my_node:8080", "http://my_node:8080");
	host_gives("[::1]", "http://[::1]");
	host_gives("[fe80::1:2]:2113", "http://[fe80::1:2]:2113");
	host_gives("[::ffff:10.0.0.1]:1", "http://[::ffff:10.0.0.1]:1");
	host_gives("node:", "http://node");
	host_gives(" node ", "http://node");
}

static void
default_ports_are_not_printed(void **state)
{
	struct base_url_in in = request("node:443");

	(void)state;
	host_gives("node:80", "http://node");
	host_gives("node:443", "http://node:443");
	in.scheme = slice_str("https");
	prints(&in, "https://node");
	in.host = slice_str("node:80");
	prints(&in, "https://node:80");
}

static void
a_missing_or_hostile_host_gives_the_configured_url(void **state)
{
	static const char *const hosts[] = {"", " ", ":2113", "a b", "a/b",
	    "a\r\nX:y", "<a>", "a\"", "a'", "a\\b", "user@a", "a%41", "a,b",
	    "a?b", "a#b", "\xd0\x96", "a:0", "a:65536", "a:-1", "a:+1", "a:1:2",
	    "a: 1", "a:99999999999999999999", "a:x", "::1", "[]", "[", "[::1",
	    "[::1]2113", "[::1]x:1", "[::g]", "[127.0.0.1]", "[1:2]",
	    "[::1%lo]",
	    "[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111]"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		host_is_refused(hosts[i]);
}

static void
a_host_is_at_most_as_long_as_a_dns_name(void **state)
{
	static char host[254];
	struct base_url_in in = request("");
	struct buf b = {0};

	(void)state;
	memset(host, 'a', sizeof(host));
	in.host = slice(host, 253);
	base_url_print(&b, &in);
	assert_int_equal(b.n, strlen("http://") + 253);
	in.host = slice(host, 254);
	prints(&in, CONFIGURED);
	buf_fini(&b);
}

static void
a_zero_byte_does_not_end_a_value(void **state)
{
	struct base_url_in in = request("node");

	(void)state;
	in.host = slice("a\0b", 3);
	in.forwarded_prefix = slice("p\0q", 3);
	in.forwarded_proto = slice("https\0", 6);
	prints(&in, CONFIGURED);
}

static void
the_configured_url_brings_scheme_port_and_path(void **state)
{
	struct base_url_in in = request("");

	(void)state;
	in.configured = slice_str("https://pub.example/rill");
	prints(&in, "https://pub.example/rill");
	in.configured = slice_str("https://pub.example:8443");
	prints(&in, "https://pub.example:8443");
	in.configured = slice_str("HTTP://[::1]:80/");
	prints(&in, "http://[::1]");
}

static void
the_configured_path_is_not_added_to_a_good_host(void **state)
{
	struct base_url_in in = request("node");

	(void)state;
	in.configured = slice_str("https://pub.example/rill");
	prints(&in, "http://node");
}

static void
nothing_is_printed_when_there_is_no_host_at_all(void **state)
{
	struct base_url_in in = request("");

	(void)state;
	in.configured = slice(NULL, 0);
	prints(&in, "");
	in.configured = slice_str("https://");
	prints(&in, "");
	in.configured = slice_str("pub.example");
	prints(&in, "");
	in.forwarded_host = slice_str("a.example");
	prints(&in, "http://a.example");
}

static void
forwarded_headers_apply_together(void **state)
{
	struct base_url_in in = request("127.0.0.1:2113");

	(void)state;
	in.forwarded_host = slice_str("public.example");
	in.forwarded_port = slice_str("443");
	in.forwarded_proto = slice_str("https");
	prints(&in, "https://public.example");
	in.forwarded_prefix = slice_str("/rill");
	prints(&in, "https://public.example/rill");
}

static void
the_first_forwarded_host_counts(void **state)
{
	(void)state;
	forwarded_host_gives("a.example", "http://a.example:2113");
	forwarded_host_gives("a.example:8080", "http://a.example:8080");
	forwarded_host_gives("a.example:80", "http://a.example");
	forwarded_host_gives("a.example:1, b.example:2", "http://a.example:1");
	forwarded_host_gives("[::1]:1", "http://[::1]:1");
	forwarded_host_gives(",b.example", "http://node:2113");
	forwarded_host_gives("a.example:0", "http://node:2113");
	forwarded_host_gives("a.example:x", "http://node:2113");
	forwarded_host_gives("a\"b", "http://node:2113");
}

static void
the_port_of_a_forwarded_host_beats_the_forwarded_port(void **state)
{
	struct base_url_in in = request("node:2113");

	(void)state;
	in.forwarded_port = slice_str("1");
	in.forwarded_host = slice_str("a.example:2");
	prints(&in, "http://a.example:2");
	in.forwarded_host = slice_str("a.example");
	prints(&in, "http://a.example:1");
}

static void
a_forwarded_port_is_a_port_or_ignored(void **state)
{
	(void)state;
	forwarded_port_gives("8080", "http://node:8080");
	forwarded_port_gives("65535", "http://node:65535");
	forwarded_port_gives("80", "http://node");
	forwarded_port_gives("0", "http://node:2113");
	forwarded_port_gives("65536", "http://node:2113");
	forwarded_port_gives("-1", "http://node:2113");
	forwarded_port_gives("8080,80", "http://node:2113");
	forwarded_port_gives("x", "http://node:2113");
}

static void
a_forwarded_proto_is_http_or_https_or_ignored(void **state)
{
	(void)state;
	forwarded_proto_gives("https", "https://node");
	forwarded_proto_gives("HTTPS", "https://node");
	forwarded_proto_gives("http", "http://node");
	forwarded_proto_gives("ftp", "http://node");
	forwarded_proto_gives("javascript", "http://node");
	forwarded_proto_gives("https:", "http://node");
}

static void
a_forwarded_proto_leaves_a_given_port_alone(void **state)
{
	struct base_url_in in = request("node:2113");

	(void)state;
	in.forwarded_proto = slice_str("https");
	prints(&in, "https://node:2113");
}

static void
a_prefix_stands_between_single_slashes(void **state)
{
	(void)state;
	prefix_gives("p", "http://node:2113/p");
	prefix_gives("/p/", "http://node:2113/p");
	prefix_gives("//p//", "http://node:2113/p");
	prefix_gives("/p/q%20r", "http://node:2113/p/q%20r");
	prefix_gives("/", "http://node:2113");
	prefix_gives(" /p ", "http://node:2113/p");
}

static void
a_hostile_prefix_is_ignored(void **state)
{
	static const char *const prefixes[] = {"/a b", "/a\r\nX: y", "/a\"",
	    "/a'", "/<a", "/a>", "/a\\b", "/a?b", "/a#b", "/a\x7f", "/a\x01",
	    "/\xd0\x96", "/a`", "/{a}"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		prefix_gives(prefixes[i], "http://node:2113");
}

static void
a_prefix_is_at_most_256_bytes_long(void **state)
{
	static char prefix[257];
	struct base_url_in in = request("node");
	struct buf b = {0};

	(void)state;
	memset(prefix, 'p', sizeof(prefix));
	in.forwarded_prefix = slice(prefix, 256);
	base_url_print(&b, &in);
	assert_int_equal(b.n, strlen("http://node/") + 256);
	in.forwarded_prefix = slice(prefix, 257);
	prints(&in, "http://node");
	buf_fini(&b);
}

static void
a_prefix_takes_the_place_of_the_configured_path(void **state)
{
	struct base_url_in in = request("");

	(void)state;
	in.configured = slice_str("https://pub.example/rill");
	in.forwarded_prefix = slice_str("/p");
	prints(&in, "https://pub.example/p");
	in.forwarded_prefix = slice_str("/<");
	prints(&in, "https://pub.example/rill");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_host_is_printed_as_the_client_sent_it),
	    cmocka_unit_test(default_ports_are_not_printed),
	    cmocka_unit_test(
		a_missing_or_hostile_host_gives_the_configured_url),
	    cmocka_unit_test(a_host_is_at_most_as_long_as_a_dns_name),
	    cmocka_unit_test(a_zero_byte_does_not_end_a_value),
	    cmocka_unit_test(the_configured_url_brings_scheme_port_and_path),
	    cmocka_unit_test(the_configured_path_is_not_added_to_a_good_host),
	    cmocka_unit_test(nothing_is_printed_when_there_is_no_host_at_all),
	    cmocka_unit_test(forwarded_headers_apply_together),
	    cmocka_unit_test(the_first_forwarded_host_counts),
	    cmocka_unit_test(
		the_port_of_a_forwarded_host_beats_the_forwarded_port),
	    cmocka_unit_test(a_forwarded_port_is_a_port_or_ignored),
	    cmocka_unit_test(a_forwarded_proto_is_http_or_https_or_ignored),
	    cmocka_unit_test(a_forwarded_proto_leaves_a_given_port_alone),
	    cmocka_unit_test(a_prefix_stands_between_single_slashes),
	    cmocka_unit_test(a_hostile_prefix_is_ignored),
	    cmocka_unit_test(a_prefix_is_at_most_256_bytes_long),
	    cmocka_unit_test(a_prefix_takes_the_place_of_the_configured_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
