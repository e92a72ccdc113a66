#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/etag.h"
#include "store/buf.h"

static const struct media_choice atom_json = {MEDIA_ATOM_JSON, false};
static const struct media_choice json = {MEDIA_JSON, false};

static void
every_type_has_the_hash_that_clients_know(void **state)
{
	static const struct {
		enum media type;
		int32_t hash;
	} rows[] = {
	    {MEDIA_ATOM_JSON, -2060438500},
	    {MEDIA_ATOM_XML, -1359611486},
	    {MEDIA_JSON, 1391431453},
	    {MEDIA_TEXT_XML, -650849973},
	    {MEDIA_XML, 421361534},
	    {MEDIA_EVENT_JSON, 1580925873},
	    {MEDIA_EVENT_XML, -1645235210},
	    {MEDIA_EVENTS_JSON, 1646817468},
	    {MEDIA_EVENTS_XML, 439203259},
	    {MEDIA_OCTETS, -1248183151},
	    {MEDIA_HTML, 1268450035},
	    {MEDIA_STREAMDESC_JSON, 1415427280},
	    {MEDIA_COMPETING_XML, 2004263163},
	    {MEDIA_COMPETING_JSON, 865826550},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct media_choice c = {rows[i].type, false};

		assert_int_equal(etag_hash(media_name(c)), rows[i].hash);
	}
}

static void
is_printed(int64_t position, bool quoted, const char *expected)
{
	struct buf b = {0};

	etag_print(&b, position, atom_json, quoted);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p, expected);
	buf_fini(&b);
}

static void
the_tag_is_position_and_hash(void **state)
{
	(void)state;
	is_printed(0, true, "\"0;-2060438500\"");
	is_printed(0, false, "0;-2060438500");
	is_printed(INT64_MAX, false, "9223372036854775807;-2060438500");
	is_printed(-1, false, "-1;-2060438500");
}

static bool
matches(const char *tag, int64_t position)
{
	return etag_matches(slice_str(tag), position, atom_json);
}

static void
the_tag_itself_matches_quoted_or_not(void **state)
{
	(void)state;
	assert_true(matches("\"7;-2060438500\"", 7));
	assert_true(matches("7;-2060438500", 7));
	assert_true(matches("\"\"7;-2060438500", 7));
	assert_true(matches("\"-1;-2060438500\"", -1));
	assert_true(matches("9223372036854775807;-2060438500", INT64_MAX));
}

static void
what_was_printed_matches(void **state)
{
	const struct media_choice kurrent = {MEDIA_ATOM_JSON, true};
	struct buf b = {0};

	(void)state;
	etag_print(&b, 42, kurrent, true);
	assert_true(etag_matches(buf_slice(&b), 42, kurrent));
	assert_false(etag_matches(buf_slice(&b), 42, atom_json));
	buf_fini(&b);
}

static void
another_position_or_type_does_not_match(void **state)
{
	(void)state;
	assert_false(matches("\"7;-2060438500\"", 8));
	assert_false(matches("\"7;-2060438501\"", 7));
	assert_false(matches("\"7;2060438500\"", 7));
	assert_false(etag_matches(slice_str("\"7;-2060438500\""), 7, json));
	assert_true(etag_matches(slice_str("\"7;1391431453\""), 7, json));
}

static void
what_is_no_tag_of_ours_never_matches(void **state)
{
	static const char *const tags[] = {"", "\"\"", "*", ";", "7",
	    "W/\"7;-2060438500\"", "\"7;-2060438500\", \"8;-2060438500\"",
	    "7;-2060438500;", "7;-2060438500;7", ";-2060438500", "7;",
	    "x;-2060438500", "7.0;-2060438500", "7; -2060438500",
	    "7;-02060438500", "18446744073709551623;-2060438500"};
	size_t i;

	(void)state;
	assert_false(etag_matches(slice(NULL, 0), 7, atom_json));
	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (matches(tags[i], 7))
			fail_msg("%s matches", tags[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_has_the_hash_that_clients_know),
	    cmocka_unit_test(the_tag_is_position_and_hash),
	    cmocka_unit_test(the_tag_itself_matches_quoted_or_not),
	    cmocka_unit_test(what_was_printed_matches),
	    cmocka_unit_test(another_position_or_type_does_not_match),
	    cmocka_unit_test(what_is_no_tag_of_ours_never_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
