#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/uri.h"
#include "store/buf.h"

/* The segments between bars, a slash behind the last for a trailing one. */
static void
path_print(struct buf *out, const struct uri *u)
{
	size_t i;

	for (i = 0; i < u->nsegments; i++) {
		buf_add_char(out, '|');
		buf_add_slice(out, u->segments[i]);
	}
	buf_add_char(out, '|');
	if (u->trailing_slash)
		buf_add_char(out, '/');
}

static void
is_split(const char *raw, const char *expected)
{
	struct buf room = {0}, got = {0};
	const char *why = NULL;
	struct uri u;

	assert_int_equal(uri_parse(&u, slice_str(raw), &room, &why), ERR_OK);
	assert_null(why);
	path_print(&got, &u);
	buf_add_char(&got, '\0');
	assert_string_equal(got.p, expected);
	buf_fini(&got);
	buf_fini(&room);
}

static void
is_refused(const char *raw, const char *reason)
{
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	if (uri_parse(&u, slice_str(raw), &room, &why) != ERR_INVALID)
		fail_msg("%s is taken", raw);
	assert_non_null(why);
	if (strstr(why, reason) == NULL)
		fail_msg("%s is refused for: %s", raw, why);
	buf_fini(&room);
}

/* The value of name in raw, NULL for none; the caller frees it. */
static char *
query_of(const char *raw, const char *name)
{
	struct buf room = {0};
	const char *why = NULL;
	struct slice value;
	char *found = NULL;
	struct uri u;

	assert_int_equal(uri_parse(&u, slice_str(raw), &room, &why), ERR_OK);
	if (uri_query(&u, name, &value))
		found = strndup(value.p, value.n);
	buf_fini(&room);
	return found;
}

static void
query_is(const char *raw, const char *name, const char *expected)
{
	char *got = query_of(raw, name);

	if (got == NULL)
		fail_msg("%s has no %s", raw, name);
	assert_string_equal(got, expected);
	free(got);
}

static void
a_path_is_split_at_its_slashes(void **state)
{
	(void)state;
	is_split("/streams/order-42", "|streams|order-42|");
	is_split("/streams/x/metadata/0/forward/10",
	    "|streams|x|metadata|0|forward|10|");
}

static void
a_trailing_slash_is_told_and_opens_no_segment(void **state)
{
	(void)state;
	is_split("/", "|/");
	is_split("/streams/", "|streams|/");
	is_split("/streams/x/?a=b", "|streams|x|/");
	is_split("/streams/x%2F", "|streams|x/|");
}

static void
empty_segments_are_kept(void **state)
{
	(void)state;
	is_split("/streams//0", "|streams||0|");
	is_split("//", "||/");
	is_split("//a", "||a|");
	is_split("/streams//", "|streams||/");
}

static void
escapes_are_resolved_once_and_after_splitting(void **state)
{
	(void)state;
	is_split("/streams/%24all", "|streams|$all|");
	is_split("/streams/a%2Fb%2fc/0", "|streams|a/b/c|0|");
	is_split("/streams/%41%25%20", "|streams|A% |");
	is_split("/streams/a%2525", "|streams|a%25|");
	is_split("/streams/a%3Fb%23", "|streams|a?b#|");
	is_split("/streams/%d0%96", "|streams|\xd0\x96|");
	is_split("/streams/\xd0\x96", "|streams|\xd0\x96|");
	is_split("/streams/a+b", "|streams|a+b|");
	is_split("/streams/..", "|streams|..|");
}

static void
a_deeper_path_than_any_route_is_marked(void **state)
{
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	(void)state;
	is_split("/1/2/3/4/5/6/7/8", "|1|2|3|4|5|6|7|8|");
	assert_int_equal(
	    uri_parse(&u, slice_str("/1/2/3/4/5/6/7/8/9/10/11"), &room, &why),
	    ERR_OK);
	assert_int_equal(u.nsegments, URI_SEGMENTS_MAX + 1);
	assert_true(slice_is(u.segments[URI_SEGMENTS_MAX], "9"));
	buf_fini(&room);
}

static void
the_absolute_form_is_taken(void **state)
{
	(void)state;
	is_split("http://h:2113/streams/x", "|streams|x|");
	is_split("HTTPS://h/streams/x/", "|streams|x|/");
	is_split("http://h", "|/");
	is_split("http://h?embed=body", "|/");
	is_split("http://h?a=/b/c", "|/");
	query_is("http://h?embed=body", "embed", "body");
	query_is("http://h/x?embed=body", "embed", "body");
}

static void
path_and_query_stay_as_sent(void **state)
{
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	(void)state;
	assert_int_equal(
	    uri_parse(&u, slice_str("http://h/a%20b/?x=%31?y"), &room, &why),
	    ERR_OK);
	assert_true(slice_is(u.path, "/a%20b/"));
	assert_true(slice_is(u.query, "x=%31?y"));
	buf_fini(&room);
}

static void
broken_escapes_are_refused(void **state)
{
	(void)state;
	is_refused("/streams/%", "hexadecimal");
	is_refused("/streams/%4", "hexadecimal");
	is_refused("/streams/%4g", "hexadecimal");
	is_refused("/streams/%g4", "hexadecimal");
	is_refused("/streams/100%/0", "hexadecimal");
	is_refused("/streams/x?a=%", "hexadecimal");
	is_refused("/streams/%u0041", "hexadecimal");
}

static void
an_escape_ends_with_the_target(void **state)
{
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	(void)state;
	assert_int_equal(
	    uri_parse(&u, slice("/a%41", 4), &room, &why), ERR_INVALID);
	assert_non_null(why);
	buf_fini(&room);
}

static void
bytes_that_no_uri_has_are_refused(void **state)
{
	(void)state;
	is_refused("/streams/%00", "zero byte");
	is_refused("/streams/x?a=%00", "zero byte");
	is_refused("/streams/a b", "space");
	is_refused("/streams/a\r\nX: y", "control");
	is_refused("/streams/a\x7f", "control");
	is_refused("/streams/a#b", "%23");
	is_refused("/streams/a?b\t", "control");
}

static void
what_is_no_path_is_refused(void **state)
{
	(void)state;
	is_refused("", "begin with /");
	is_refused("*", "begin with /");
	is_refused("streams/x", "begin with /");
	is_refused("?a=b", "begin with /");
	is_refused("ftp://h/x", "begin with /");
	is_refused("http:/x", "begin with /");
}

static void
the_longest_target_is_taken_and_one_more_byte_refused(void **state)
{
	static char raw[URI_MAX + 1];
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	(void)state;
	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	assert_int_equal(
	    uri_parse(&u, slice(raw, URI_MAX), &room, &why), ERR_OK);
	assert_int_equal(u.segments[0].n, URI_MAX - 1);
	assert_int_equal(
	    uri_parse(&u, slice(raw, URI_MAX + 1), &room, &why), ERR_TOO_LARGE);
	assert_non_null(strstr(why, "16384"));
	buf_fini(&room);
}

static void
segments_outlive_a_room_that_was_in_use(void **state)
{
	char raw[1500] = "/streams/";
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;

	(void)state;
	memset(raw + strlen(raw), 'x', sizeof(raw) - strlen(raw));
	buf_add_str(&room, "before");
	assert_int_equal(
	    uri_parse(&u, slice(raw, sizeof(raw)), &room, &why), ERR_OK);
	assert_true(slice_is(u.segments[0], "streams"));
	assert_ptr_equal(u.segments[0].p, room.p + strlen("before"));
	buf_fini(&room);
}

static void
a_query_value_is_found_by_its_exact_name(void **state)
{
	(void)state;
	query_is("/x?embed=body&format=json", "format", "json");
	query_is("/x?a=1&a=2", "a", "1");
	query_is("/x?&&a=1", "a", "1");
	query_is("/x?ab=1&a=2", "a", "2");
	query_is("/x?a=b=c", "a", "b=c");
	query_is("/x?%61=1", "a", "1");
	query_is("/x?a+b=1", "a b", "1");
	assert_null(query_of("/x", "a"));
	assert_null(query_of("/x?", "a"));
	assert_null(query_of("/x?A=1", "a"));
	assert_null(query_of("/x?b=a", "a"));
	assert_null(query_of("/x?a%3D1", "a"));
}

static void
a_query_value_may_be_empty(void **state)
{
	(void)state;
	query_is("/x?a", "a", "");
	query_is("/x?a=", "a", "");
	query_is("/x?a&b=1", "a", "");
	query_is("/x?a&b=1", "b", "1");
}

static void
a_query_value_is_decoded_as_forms_are(void **state)
{
	(void)state;
	query_is("/x?b=%24", "b", "$");
	query_is("/x?b=a+b%2Bc", "b", "a b+c");
	query_is("/x?b=%26%3d", "b", "&=");
	query_is("/x?b=%2525", "b", "%25");
	query_is("/x?b=%D0%96\xd0\x96", "b", "\xd0\x96\xd0\x96");
}

static void
escaping_leaves_the_unreserved_alone(void **state)
{
	struct buf b = {0};

	(void)state;
	uri_escape(&b, slice_str("AZaz09-._~"));
	assert_true(slice_is(buf_slice(&b), "AZaz09-._~"));
	buf_reset(&b);
	uri_escape(&b, slice_str("$@ :/!*'()+%\xd0\x96"));
	assert_true(slice_is(
	    buf_slice(&b), "%24%40%20%3A%2F%21%2A%27%28%29%2B%25%D0%96"));
	buf_fini(&b);
}

static void
what_was_escaped_comes_back(void **state)
{
	struct buf b = {0}, room = {0};
	const char *why = NULL;
	unsigned char name[255];
	struct uri u;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(name); i++)
		name[i] = (unsigned char)(i + 1);
	buf_add_char(&b, '/');
	uri_escape(&b, slice(name, sizeof(name)));
	assert_int_equal(uri_parse(&u, buf_slice(&b), &room, &why), ERR_OK);
	assert_int_equal(u.nsegments, 1);
	assert_true(slice_eq(u.segments[0], slice(name, sizeof(name))));
	buf_fini(&room);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_split_at_its_slashes),
	    cmocka_unit_test(a_trailing_slash_is_told_and_opens_no_segment),
	    cmocka_unit_test(empty_segments_are_kept),
	    cmocka_unit_test(escapes_are_resolved_once_and_after_splitting),
	    cmocka_unit_test(a_deeper_path_than_any_route_is_marked),
	    cmocka_unit_test(the_absolute_form_is_taken),
	    cmocka_unit_test(path_and_query_stay_as_sent),
	    cmocka_unit_test(broken_escapes_are_refused),
	    cmocka_unit_test(an_escape_ends_with_the_target),
	    cmocka_unit_test(bytes_that_no_uri_has_are_refused),
	    cmocka_unit_test(what_is_no_path_is_refused),
	    cmocka_unit_test(
		the_longest_target_is_taken_and_one_more_byte_refused),
	    cmocka_unit_test(segments_outlive_a_room_that_was_in_use),
	    cmocka_unit_test(a_query_value_is_found_by_its_exact_name),
	    cmocka_unit_test(a_query_value_may_be_empty),
	    cmocka_unit_test(a_query_value_is_decoded_as_forms_are),
	    cmocka_unit_test(escaping_leaves_the_unreserved_alone),
	    cmocka_unit_test(what_was_escaped_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
