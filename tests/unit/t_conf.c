#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/conf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A folder of the test's own with a rill.json in it. */
struct place {
	char folder[32];
	char file[64];
	char why[CONF_WHY_SIZE];
};

static int
place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	snprintf(p->folder, sizeof(p->folder), "/tmp/t_conf.XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	snprintf(p->file, sizeof(p->file), "%s/rill.json", p->folder);
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->folder);
	free(p);
	return 0;
}

static enum err
read_bytes(struct place *p, struct conf **c, const void *bytes, size_t n)
{
	FILE *f = fopen(p->file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	p->why[0] = '\0';
	*c = NULL;
	return conf_read(c, p->file, p->why);
}

static struct conf *
accepted(struct place *p, const char *text)
{
	struct conf *c;

	if (read_bytes(p, &c, text, strlen(text)) != ERR_OK)
		fail_msg("%s refused: %s", text, p->why);
	return c;
}

/* The text is refused with what follows the file's name and a colon. */
static void
assert_refused(struct place *p, const char *text, const char *why)
{
	struct conf *c;
	size_t n = strlen(p->file);

	assert_int_equal(read_bytes(p, &c, text, strlen(text)), ERR_INVALID);
	assert_null(c);
	assert_memory_equal(p->why, p->file, n);
	assert_int_equal(p->why[n], ':');
	assert_string_equal(p->why + n + 1, why);
}

static void
a_file_with_data_alone_gets_the_defaults(void **state)
{
	struct conf *c = accepted(*state, "{\"data\": \"/var/lib/rill\"}");

	assert_string_equal(c->data, "/var/lib/rill");
	assert_string_equal(c->url, "http://127.0.0.1:2113");
	assert_int_equal(c->threads, 32);
	assert_int_equal(c->max_waiting, 1000);
	assert_int_equal(c->max_queued, 1000);
	assert_int_equal(c->cache_mb, 64);
	assert_int_equal(c->max_event_bytes, 4194304);
	assert_int_equal(c->max_body_bytes, 16777216);
	assert_int_equal(c->durability, CONF_DISK);
	assert_int_equal(c->scavenge_hours, 24);
	assert_int_equal(c->backup_log_mb, 0);
	assert_null(c->backup_folder);
	assert_int_equal(c->password_cost, 5);
	assert_int_equal(c->trusted_auth.n, 0);
	assert_int_equal(c->trusted_proxies.n, 0);
	conf_free(&c);
	assert_null(c);
	conf_free(&c);
}

static void
every_key_is_read(void **state)
{
	struct conf *c = accepted(*state,
	    "{\"durability\": \"os\", \"max_body_bytes\": 3000,\n"
	    "\"password_cost\": 1, \"trusted_auth\": [\"::1\"],\n"
	    "\"trusted_proxies\": [\"10.0.0.1\", \"10.0.0.2\"],\n"
	    "\"max_event_bytes\": 2000, \"cache_mb\": 128, \"threads\": 7,\n"
	    "\"max_waiting\": 77, \"max_queued\": 78,\n"
	    "\"scavenge_hours\": 0,\n"
	    "\"backup_log_mb\": 640, \"backup_folder\": \"/srv2/copy\",\n"
	    "\"url\": \"https://a.example/r\", \"d\\u0061ta\": \"/srv\"}\n");

	assert_string_equal(c->data, "/srv");
	assert_string_equal(c->url, "https://a.example/r");
	assert_int_equal(c->threads, 7);
	assert_int_equal(c->max_waiting, 77);
	assert_int_equal(c->max_queued, 78);
	assert_int_equal(c->cache_mb, 128);
	assert_int_equal(c->max_event_bytes, 2000);
	assert_int_equal(c->max_body_bytes, 3000);
	assert_int_equal(c->durability, CONF_OS);
	assert_int_equal(c->scavenge_hours, 0);
	assert_int_equal(c->backup_log_mb, 640);
	assert_string_equal(c->backup_folder, "/srv2/copy");
	assert_int_equal(c->password_cost, 1);
	assert_int_equal(c->trusted_auth.n, 1);
	assert_int_equal(c->trusted_proxies.n, 2);
	conf_free(&c);
}

static void
the_ends_of_each_range_are_accepted(void **state)
{
	struct conf *c =
	    accepted(*state, "{\"data\":\"/\",\"threads\":1,\"cache_mb\":4,"
			     "\"max_waiting\":0,\"max_queued\":0,"
			     "\"max_event_bytes\":1,\"max_body_bytes\":1}");

	assert_int_equal(c->max_body_bytes, 1);
	assert_int_equal(c->max_waiting, 0);
	assert_int_equal(c->max_queued, 0);
	conf_free(&c);
	c = accepted(*state,
	    "{\"data\":\"/\",\"threads\":1024,\"cache_mb\":65536,"
	    "\"max_waiting\":65536,\"max_queued\":65536,"
	    "\"max_event_bytes\":67108864,\"max_body_bytes\":1073741824}");
	assert_int_equal(c->threads, 1024);
	assert_int_equal(c->max_waiting, 65536);
	assert_int_equal(c->max_queued, 65536);
	assert_int_equal(c->cache_mb, 65536);
	assert_int_equal(c->max_event_bytes, 67108864);
	assert_int_equal(c->max_body_bytes, 1073741824);
	conf_free(&c);
}

static void
a_number_out_of_range_or_of_another_type_is_refused(void **state)
{
	static const struct {
		const char *key, *value, *must;
	} cases[] = {
	    {"threads", "0", "from 1 to 1024, not 0"},
	    {"threads", "1025", "from 1 to 1024, not 1025"},
	    {"threads", "-1", "from 1 to 1024, not -1"},
	    {"threads", "32.0", "from 1 to 1024, not 32.0"},
	    {"threads", "\"many\"", "from 1 to 1024, not \"many\""},
	    {"threads", "true", "from 1 to 1024, not true"},
	    {"threads", "null", "from 1 to 1024, not null"},
	    {"threads", "[8]", "from 1 to 1024, not an array"},
	    {"threads", "{}", "from 1 to 1024, not an object"},
	    {"threads", "99999999999999999999",
		"from 1 to 1024, not 99999999999999999999"},
	    {"max_waiting", "-1", "from 0 to 65536, not -1"},
	    {"max_waiting", "65537", "from 0 to 65536, not 65537"},
	    {"max_queued", "-1", "from 0 to 65536, not -1"},
	    {"max_queued", "65537", "from 0 to 65536, not 65537"},
	    {"cache_mb", "3", "from 4 to 65536, not 3"},
	    {"cache_mb", "65537", "from 4 to 65536, not 65537"},
	    {"max_event_bytes", "0", "from 1 to 67108864, not 0"},
	    {"max_event_bytes", "67108865", "from 1 to 67108864, not 67108865"},
	    {"max_body_bytes", "1073741825",
		"from 1 to 1073741824, not 1073741825"},
	};
	char text[128], why[128];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text),
		    "{\n \"data\": \"/x\",\n\n \"%s\": %s\n}", cases[i].key,
		    cases[i].value);
		snprintf(why, sizeof(why),
		    "4: \"%s\" must be a whole number %s", cases[i].key,
		    cases[i].must);
		assert_refused(*state, text, why);
	}
}

static void
a_body_smaller_than_an_event_is_refused(void **state)
{
	assert_refused(*state,
	    "{\"data\":\"/x\",\n\"max_body_bytes\": 5,\n\"max_event_bytes\": "
	    "6}",
	    "2: \"max_body_bytes\" must be at least \"max_event_bytes\", "
	    "which is 6, not 5");
	assert_refused(*state,
	    "{\"data\":\"/x\",\n\n\"max_event_bytes\": 20000000}",
	    "3: \"max_body_bytes\" must be at least \"max_event_bytes\", "
	    "which is 20000000, not 16777216");
}

static void
hosts_are_names_without_ports_or_a_star(void **state)
{
	static const char must[] =
	    "1: \"hosts\" must be an array of at most 100 host names without "
	    "ports, or [\"*\"]; one of its elements is none, or there are too "
	    "many";
	static const char text[] =
	    "{\"data\":\"/x\",\"hosts\":[\"a.example\",\"[::1]\",\"*\"]}";
	struct place *p = *state;
	struct conf *c;

	assert_int_equal(read_bytes(p, &c, text, strlen(text)), ERR_OK);
	assert_int_equal(c->nhosts, 3);
	assert_string_equal(c->hosts[0], "a.example");
	assert_string_equal(c->hosts[2], "*");
	conf_free(&c);
	assert_refused(*state, "{\"data\":\"/x\",\"hosts\":[\"a:80\"]}", must);
	assert_refused(*state, "{\"data\":\"/x\",\"hosts\":[1]}", must);
	assert_refused(*state, "{\"data\":\"/x\",\"hosts\":[\"\"]}", must);
}

static void
addresses_are_read_and_names_refused(void **state)
{
	static const char *const wrong[] = {"\"::1\"", "[1]", "[\"\"]",
	    "[\"a.example\"]", "[\"::1/64\"]", "{}"};
	struct conf *c = accepted(
	    *state, "{\"data\":\"/x\",\"trusted_auth\":[\"::ffff:10.0.0.9\"]}");
	char text[80];
	struct address a;
	size_t i;

	assert_true(address_parse(&a, slice_str("10.0.0.9")));
	assert_true(address_is_in(&c->trusted_auth, &a));
	assert_false(address_is_in(&c->trusted_proxies, &a));
	conf_free(&c);
	for (i = 0; i < COUNT(wrong); i++) {
		snprintf(text, sizeof(text),
		    "{\"data\":\"/x\",\"trusted_auth\":%s}", wrong[i]);
		assert_int_equal(
		    read_bytes(*state, &c, text, strlen(text)), ERR_INVALID);
	}
}

static void
an_unknown_key_is_refused_with_the_known_ones(void **state)
{
	static const char known[] =
	    "is not a key of this file; the keys are data, url, hosts, "
	    "threads, max_waiting, max_queued, cache_mb, max_event_bytes, "
	    "max_body_bytes, durability, scavenge_hours, "
	    "backup_log_mb, backup_folder, password_cost, "
	    "trusted_auth, trusted_proxies, stats, cluster";
	static const char *const names[] = {
	    "clusters", "Threads", "thread", "threads ", ""};
	char text[64], why[320];
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		snprintf(text, sizeof(text), "{\"data\":\"/x\",\n\"%s\":{}}",
		    names[i]);
		snprintf(why, sizeof(why), "2: \"%s\" %s", names[i], known);
		assert_refused(*state, text, why);
	}
}

static void
a_backup_lies_outside_of_the_data(void **state)
{
	static const char why[] =
	    "2: \"backup_folder\" must not lie in the folder \"data\"";

	assert_refused(
	    *state, "{\"data\": \"/srv\",\n\"backup_folder\": \"/srv\"}", why);
	assert_refused(*state,
	    "{\"data\": \"data\",\n\"backup_folder\": \"data/copy\"}", why);
	assert_refused(*state, "{\"data\": \"/srv\",\n\"backup_folder\": \"\"}",
	    "2: \"backup_folder\" must be the path of a folder, of 1 to "
	    "1023 bytes without control characters, not \"\"");
}

static void
a_repeated_key_is_refused_with_both_lines(void **state)
{
	assert_refused(*state,
	    "{\"data\":\"/x\",\n\"threads\":1,\n\"url\":\"http://a\",\n"
	    "\"thr\\u0065ads\":1}",
	    "4: \"threads\" stands in line 2 already; keep one of them");
}

static void
a_missing_folder_is_refused(void **state)
{
	assert_refused(*state, "{\n\"threads\": 1\n}",
	    "3: \"data\" is missing; it must be the path of a folder, of 1 to "
	    "1023 bytes without control characters");
}

static void
a_folder_must_be_a_plain_path(void **state)
{
	static const char *const values[] = {
	    "\"\"", "5", "\"a\\nb\"", "\"a\\u0000b\"", "\"\\ud800\"", "null"};
	char text[64], start[] = "1: \"data\" must be the path of a folder, ";
	struct place *p = *state;
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		snprintf(text, sizeof(text), "{\"data\":%s}", values[i]);
		assert_int_equal(
		    read_bytes(p, &c, text, strlen(text)), ERR_INVALID);
		assert_non_null(strstr(p->why, start));
	}
}

static void
a_folder_of_1023_bytes_is_accepted_and_no_longer_one(void **state)
{
	char text[1100];
	struct place *p = *state;
	struct conf *c;
	int n;

	snprintf(text, sizeof(text), "{\"data\":\"/%01022d\"}", 0);
	c = accepted(p, text);
	assert_int_equal(strlen(c->data), CONF_TEXT_MAX);
	conf_free(&c);
	n = snprintf(text, sizeof(text), "{\"data\":\"/%01023d\"}", 0);
	assert_int_equal(read_bytes(p, &c, text, (size_t)n), ERR_INVALID);
}

static void
a_relative_folder_is_below_the_folder_of_the_file(void **state)
{
	struct place *p = *state;
	struct conf *c = accepted(p, "{\"data\":\"store/a\"}");
	char *real = realpath(p->folder, NULL), expected[64], *old;

	assert_non_null(real);
	snprintf(expected, sizeof(expected), "%s/store/a", real);
	assert_string_equal(c->data, expected);
	conf_free(&c);

	old = getcwd(NULL, 0);
	assert_non_null(old);
	assert_int_equal(chdir(p->folder), 0);
	assert_int_equal(conf_read(&c, "rill.json", p->why), ERR_OK);
	assert_int_equal(chdir(old), 0);
	assert_string_equal(c->data, expected);
	conf_free(&c);
	free(old);
	free(real);
}

static void
an_address_of_a_server_is_accepted(void **state)
{
	static const char *const urls[] = {"http://a", "https://a.example",
	    "http://10.0.0.1:1", "http://[::1]:65535",
	    "https://a-b_c.example/x", "http://a:80/x/y%20z",
	    "http://a/~x;y=1"};
	char text[128];
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(urls); i++) {
		snprintf(text, sizeof(text), "{\"data\":\"/x\",\"url\":\"%s\"}",
		    urls[i]);
		c = accepted(*state, text);
		assert_string_equal(c->url, urls[i]);
		conf_free(&c);
	}
}

static void
anything_else_is_no_address(void **state)
{
	static const char *const urls[] = {"", "a.example", "ftp://a",
	    "HTTP://a", "http://", "http:///x", "http://:80",
	    "http://a:", "http://a:0", "http://a:65536", "http://a:123456",
	    "http://a:8x", "http://a/", "http://a/x/", "http://a/x y",
	    "http://a/x?y", "http://a/x#y", "http://a/%2", "http://a/%zz",
	    "http://u@a", "http://[::1", "http://[]", "http://[x]",
	    "http://a\\nb", "http://a/\xc3\xa9", "http://a/<x>", "http://a b"};
	char text[128];
	struct place *p = *state;
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(urls); i++) {
		snprintf(text, sizeof(text), "{\"data\":\"/x\",\"url\":\"%s\"}",
		    urls[i]);
		if (read_bytes(p, &c, text, strlen(text)) != ERR_INVALID)
			fail_msg("accepted: %s", urls[i]);
	}
	assert_refused(p, "{\"data\":\"/x\",\n\"url\":\"http://a/\"}",
	    "2: \"url\" must be http:// or https://, a host, and if need be a "
	    "port and a path with no slash at its end, as in "
	    "\"http://127.0.0.1:2113\", not \"http://a/\"");
}

static void
durability_is_disk_or_os(void **state)
{
	assert_refused(*state, "{\"data\":\"/x\",\"durability\":\"Disk\"}",
	    "1: \"durability\" must be \"disk\" or \"os\", not \"Disk\"");
	assert_refused(*state, "{\"data\":\"/x\",\"durability\":false}",
	    "1: \"durability\" must be \"disk\" or \"os\", not false");
}

static void
what_is_not_json_is_refused_with_its_line(void **state)
{
	assert_refused(*state, "", "1: the text ends before a value");
	assert_refused(*state, "{\n\"data\": \"/x\"\n\"url\": 1}",
	    "3: a comma or closing bracket expected");
	assert_refused(*state, "{\"data\": \"/x\"} // comment",
	    "1: nothing may follow the value");
	assert_refused(
	    *state, "\n[1]\n", "2: the file must hold one JSON object");
}

static void
a_file_of_64_kib_is_read_and_no_longer_one(void **state)
{
	static char text[CONF_FILE_MAX + 1];
	struct place *p = *state;
	struct conf *c;
	int n = snprintf(text, sizeof(text), "{\"data\":\"/x\"}");

	memset(text + n, ' ', sizeof(text) - (size_t)n);
	assert_int_equal(read_bytes(p, &c, text, CONF_FILE_MAX), ERR_OK);
	conf_free(&c);
	assert_int_equal(
	    read_bytes(p, &c, text, CONF_FILE_MAX + 1), ERR_TOO_LARGE);
	assert_null(c);
	assert_non_null(strstr(p->why, "must have at most 65536 bytes"));
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
	struct place *p = *state;
	struct conf *c = NULL;
	char why[128];

	assert_int_equal(conf_read(&c, p->file, p->why), ERR_IO);
	snprintf(
	    why, sizeof(why), "opening %s: No such file or directory", p->file);
	assert_string_equal(p->why, why);
	assert_int_equal(conf_read(&c, p->folder, p->why), ERR_IO);
	snprintf(why, sizeof(why), "reading %s: Is a directory", p->folder);
	assert_string_equal(p->why, why);
	assert_null(c);
}

static void
a_long_path_or_value_cannot_overrun_the_message(void **state)
{
	char path[3000], text[2000], why[CONF_WHY_SIZE + 1];
	struct place *p = *state;
	struct conf *c = NULL;
	int n;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	why[CONF_WHY_SIZE] = '#';
	assert_int_equal(conf_read(&c, path, why), ERR_IO);
	assert_int_equal(strlen(why), CONF_WHY_SIZE - 1);
	assert_int_equal(why[CONF_WHY_SIZE], '#');

	n = snprintf(text, sizeof(text), "{\"threads\":\"%01500d\"}", 0);
	assert_int_equal(read_bytes(p, &c, text, (size_t)n), ERR_INVALID);
	assert_non_null(strstr(p->why, "from 1 to 1024, not \"000"));
	n = snprintf(text, sizeof(text), "{\"threads\":1%01500d}", 0);
	assert_int_equal(read_bytes(p, &c, text, (size_t)n), ERR_INVALID);
	assert_non_null(strstr(p->why, "from 1 to 1024, not 1000"));
}

static void
the_option_comes_before_the_environment_before_the_default(void **state)
{
	(void)state;
	assert_int_equal(setenv("RILL_CONFIG", "/e/rill.json", 1), 0);
	assert_string_equal(conf_path("/o/rill.json"), "/o/rill.json");
	assert_string_equal(conf_path(NULL), "/e/rill.json");
	assert_int_equal(setenv("RILL_CONFIG", "", 1), 0);
	assert_string_equal(conf_path(NULL), CONF_DEFAULT_PATH);
	assert_int_equal(unsetenv("RILL_CONFIG"), 0);
	assert_string_equal(conf_path(NULL), CONF_DEFAULT_PATH);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_with_data_alone_gets_the_defaults),
	    TEST(every_key_is_read),
	    TEST(the_ends_of_each_range_are_accepted),
	    TEST(a_number_out_of_range_or_of_another_type_is_refused),
	    TEST(a_body_smaller_than_an_event_is_refused),
	    TEST(hosts_are_names_without_ports_or_a_star),
	    TEST(addresses_are_read_and_names_refused),
	    TEST(an_unknown_key_is_refused_with_the_known_ones),
	    TEST(a_backup_lies_outside_of_the_data),
	    TEST(a_repeated_key_is_refused_with_both_lines),
	    TEST(a_missing_folder_is_refused),
	    TEST(a_folder_must_be_a_plain_path),
	    TEST(a_folder_of_1023_bytes_is_accepted_and_no_longer_one),
	    TEST(a_relative_folder_is_below_the_folder_of_the_file),
	    TEST(an_address_of_a_server_is_accepted),
	    TEST(anything_else_is_no_address),
	    TEST(durability_is_disk_or_os),
	    TEST(what_is_not_json_is_refused_with_its_line),
	    TEST(a_file_of_64_kib_is_read_and_no_longer_one),
	    TEST(a_file_that_cannot_be_read_is_named),
	    TEST(a_long_path_or_value_cannot_overrun_the_message),
	    TEST(the_option_comes_before_the_environment_before_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
