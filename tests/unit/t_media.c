#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/media.h"
#include "store/buf.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define ATOM_JSON   "application/vnd.eventstore.atom+json"
#define EVENT_JSON  "application/vnd.eventstore.event+json"
#define EVENTS_JSON "application/vnd.eventstore.events+json"
#define KURRENT     "application/vnd.kurrent."

/* What a list of the full contract looks like. */
static const enum media full_types[] = {
    MEDIA_STREAMDESC_JSON,
    MEDIA_ATOM_XML,
    MEDIA_ATOM_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_JSON,
    MEDIA_HTML,
};
static const struct media_list full = {
    full_types, COUNT(full_types), MEDIA_ATOM_JSON};

/* By Accept, its name, or "" for none. */
static const char *
answer(const struct media_list *list, const char *accept)
{
	struct media_choice c = {MEDIA_NONE, true};

	if (media_of_response(list, slice_str(accept), slice(NULL, 0), &c))
		return media_name(c);
	assert_int_equal(c.type, MEDIA_NONE);
	return "";
}

static void
feed_is(const char *accept, const char *expected)
{
	assert_string_equal(answer(&media_feed, accept), expected);
}

static void
full_is(const char *accept, const char *expected)
{
	assert_string_equal(answer(&full, accept), expected);
}

static void
no_accept_gives_what_any_is(void **state)
{
	(void)state;
	feed_is("", ATOM_JSON);
	feed_is(" \t", ATOM_JSON);
	full_is("", ATOM_JSON);
	assert_string_equal(answer(&media_event, ""), ATOM_JSON);
	assert_string_equal(answer(&media_info, ""), "application/json");
	assert_string_equal(answer(&media_jx, ""), "application/json");
}

static void
a_winning_any_type_gives_what_any_is(void **state)
{
	(void)state;
	feed_is("*/*", ATOM_JSON);
	full_is("*/*", ATOM_JSON);
	full_is("*/*;q=0.1", ATOM_JSON);
	full_is("image/png, */*;q=0.8", ATOM_JSON);
	full_is("*/*, application/json;q=0.9", ATOM_JSON);
	full_is("*/xml", ATOM_JSON);
}

static void
a_name_gives_its_type_in_any_case(void **state)
{
	(void)state;
	feed_is("application/json", "application/json");
	feed_is("Application/JSON", "application/json");
	feed_is(EVENTS_JSON, EVENTS_JSON);
	full_is("application/atom+xml", "application/atom+xml");
	full_is("text/html", "text/html");
	assert_string_equal(answer(&media_event, "application/octet-stream"),
	    "application/octet-stream");
	assert_string_equal(answer(&media_info, "text/plain"), "text/plain");
}

static void
what_is_not_offered_is_refused(void **state)
{
	(void)state;
	feed_is("image/png", "");
	feed_is("application/octet-stream", "");
	feed_is("text/plain", "");
	feed_is("application/jso", "");
	feed_is("application/json2", "");
	assert_string_equal(answer(&media_jx, ATOM_JSON), "");
}

static void
the_best_quality_wins(void **state)
{
	(void)state;
	full_is("image/png, application/atom+xml;q=0.5, " ATOM_JSON ";q=0.9",
	    ATOM_JSON);
	full_is("application/json;q=0.3,text/html;q=0.31", "text/html");
	full_is("*/*;q=0.1, application/json", "application/json");
	full_is(
	    "text/xml;q=0.5, application/json; q=1.000", "application/json");
}

static void
the_more_specific_item_wins_among_equals(void **state)
{
	(void)state;
	full_is("*/*, application/json", "application/json");
	full_is("text/*, application/json, */*", "application/json");
	full_is("*/*, text/*", "text/xml");
	full_is("application/*, text/html", "text/html");
}

static void
an_item_that_names_a_type_closest_decides_on_it(void **state)
{
	(void)state;
	full_is("text/*, text/xml;q=0.1", "text/html");
	full_is("*/*;q=0.9, " ATOM_JSON ";q=0.1", "application/atom+xml");
	full_is(
	    "application/json;q=0.2, application/json;q=0.7, text/html;q=0.5",
	    "application/json");
}

static void
the_order_of_the_list_wins_at_last(void **state)
{
	(void)state;
	full_is("application/json, text/xml", "text/xml");
	full_is("text/xml, application/json", "text/xml");
	full_is("application/*", "application/atom+xml");
	feed_is("application/*", "application/atom+xml");
	feed_is("Application/*", "application/atom+xml");
}

static void
quality_zero_excludes(void **state)
{
	(void)state;
	feed_is("application/json;q=0", "");
	feed_is("application/json;q=0.000", "");
	feed_is("*/*;q=0", "");
	feed_is("*/*, " ATOM_JSON ";q=0", "application/atom+xml");
	feed_is("application/*;q=0, */*", "text/xml");
	full_is("application/*;q=0, */*", "text/xml");
}

static void
odd_but_clear_qualities_are_taken(void **state)
{
	(void)state;
	full_is("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
	    "text/html");
	feed_is("text/html, *; q=.2, */*; q=.2", "text/html");
	full_is("text/xml;Q=0.3, text/html;q=0.40001", "text/html");
	full_is("text/xml;q=0., text/html;q=0.1", "text/html");
	full_is("text/xml;q=1., text/html;q=0.1", "text/xml");
}

static void
other_parameters_are_ignored(void **state)
{
	(void)state;
	feed_is("application/json;charset=latin1", "application/json");
	feed_is("application/json; charset=utf-8 ;q=0", "");
	feed_is("application/json;p=\"a,b;q=0\"", "application/json");
	feed_is("application/json;p=\"a\\\";q=0,\"", "application/json");
	feed_is("image/png;p=\"a, application/json", "");
}

static void
an_item_that_cannot_be_read_is_skipped(void **state)
{
	static const char *const items[] = {"json", "*", "/", "/json",
	    "application/", ";q=1",
	    "application/json;q=", "application/json;q=a",
	    "application/json;q=-1", "application/json;q=1.1",
	    "application/json;q=2", "application/json;q=0.5x",
	    "application/json;q=.", "\"", ","};
	char accept[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(items); i++) {
		feed_is(items[i], "");
		snprintf(accept, sizeof(accept), "%s, " EVENT_JSON ";q=0.1",
		    items[i]);
		if (items[i][0] != '"')
			feed_is(accept, EVENT_JSON);
		snprintf(
		    accept, sizeof(accept), EVENT_JSON ";q=0.1, %s", items[i]);
		feed_is(accept, EVENT_JSON);
	}
}

/* n items of no use to anybody, and then last. */
static void
accept_print(struct buf *b, size_t n, const char *last)
{
	buf_reset(b);
	while (n-- > 0)
		buf_add_str(b, "image/png,");
	buf_add_str(b, last);
	buf_add_char(b, '\0');
}

static void
thirty_two_items_are_looked_at(void **state)
{
	struct buf b = {0};

	(void)state;
	accept_print(&b, 31, "application/json");
	feed_is(b.p, "application/json");
	accept_print(&b, 32, "application/json");
	feed_is(b.p, "");
	buf_fini(&b);
}

static void
the_description_is_never_given_to_a_wildcard(void **state)
{
	static const enum media types[] = {MEDIA_STREAMDESC_JSON};
	const struct media_list list = {types, 1, MEDIA_STREAMDESC_JSON};

	(void)state;
	assert_string_equal(answer(&list, "*/*"), "");
	assert_string_equal(answer(&list, "application/*"), "");
	full_is("application/vnd.eventstore.streamdesc+json, */*",
	    "application/vnd.eventstore.streamdesc+json");
}

static void
kurrent_is_answered_under_its_own_name(void **state)
{
	(void)state;
	feed_is(KURRENT "atom+json", KURRENT "atom+json");
	feed_is(KURRENT "events+json;q=0.5, */*;q=0.1", KURRENT "events+json");
	feed_is(KURRENT "atom+json;q=0.5, " ATOM_JSON, ATOM_JSON);
	feed_is(KURRENT "atom+json, " ATOM_JSON ";q=0.5", KURRENT "atom+json");
	feed_is(KURRENT "atom+json;q=0, */*", ATOM_JSON);
	feed_is(ATOM_JSON ";q=0, */*", "application/atom+xml");
	feed_is("application/vnd.kurrent.json", "");
}

static const char *
answer_by_format(
    const struct media_list *list, const char *format, const char *accept)
{
	struct media_choice c;

	if (!media_of_response(list, slice_str(accept), slice_str(format), &c))
		return "";
	return media_name(c);
}

static void
format_beats_accept(void **state)
{
	(void)state;
	assert_string_equal(answer_by_format(&media_feed, "json", ATOM_JSON),
	    "application/json");
	assert_string_equal(
	    answer_by_format(&media_feed, "AtomXJ", "x/y"), ATOM_JSON);
	assert_string_equal(
	    answer_by_format(&media_info, "text", ""), "text/plain");
	assert_string_equal(answer_by_format(&full, "xml", ""), "text/xml");
	assert_string_equal(
	    answer_by_format(&full, "atom", ""), "application/atom+xml");
}

static void
a_format_that_is_not_offered_is_refused(void **state)
{
	(void)state;
	assert_string_equal(answer_by_format(&media_feed, "text", "*/*"), "");
	assert_string_equal(answer_by_format(&media_feed, "jsonx", "*/*"), "");
	assert_string_equal(answer_by_format(&media_feed, "atomsvc", ""), "");
	assert_string_equal(answer_by_format(&media_feed, "*", ""), "");
}

static enum media
body(const struct media_list *list, const char *content_type)
{
	return media_of_request(list, slice_str(content_type));
}

static void
a_body_is_known_by_its_content_type(void **state)
{
	(void)state;
	assert_int_equal(body(&media_atom, "application/json"), MEDIA_JSON);
	assert_int_equal(body(&media_atom, EVENTS_JSON), MEDIA_EVENTS_JSON);
	assert_int_equal(body(&media_atom, " Text/XML ;a=b"), MEDIA_TEXT_XML);
	assert_int_equal(
	    body(&media_atom, KURRENT "events+json"), MEDIA_EVENTS_JSON);
	assert_int_equal(
	    body(&media_atom, "application/octet-stream"), MEDIA_OCTETS);
	assert_int_equal(
	    body(&media_atom_nobatch, "application/xml"), MEDIA_XML);
}

static void
a_body_of_another_type_is_refused(void **state)
{
	(void)state;
	assert_int_equal(body(&media_atom, ""), MEDIA_NONE);
	assert_int_equal(body(&media_atom, ";"), MEDIA_NONE);
	assert_int_equal(body(&media_atom, "json"), MEDIA_NONE);
	assert_int_equal(body(&media_atom, "*/*"), MEDIA_NONE);
	assert_int_equal(body(&media_atom, "application/*"), MEDIA_NONE);
	assert_int_equal(body(&media_atom, "image/png"), MEDIA_NONE);
	assert_int_equal(body(&media_atom, "text/xml, text/xml"), MEDIA_NONE);
	assert_int_equal(body(&media_atom_nobatch, EVENTS_JSON), MEDIA_NONE);
	assert_int_equal(body(&media_jx, "application/xml"), MEDIA_NONE);
}

static void
a_charset_must_be_utf_8(void **state)
{
	(void)state;
	assert_int_equal(
	    body(&media_jx, "application/json;charset=utf-8"), MEDIA_JSON);
	assert_int_equal(
	    body(&media_jx, "application/json; Charset=\"UTF-8\""), MEDIA_JSON);
	assert_int_equal(
	    body(&media_jx, "application/json; charset: utf-8"), MEDIA_JSON);
	assert_int_equal(
	    body(&media_jx, "application/json;charset=latin1"), MEDIA_NONE);
	assert_int_equal(
	    body(&media_jx, "application/json;charset="), MEDIA_NONE);
	assert_int_equal(
	    body(&media_jx, "application/json;a=b;charset=utf-16"), MEDIA_NONE);
	assert_int_equal(
	    body(&media_atom, "application/octet-stream;charset=utf-8"),
	    MEDIA_NONE);
}

static void
every_type_but_octets_is_sent_with_its_charset(void **state)
{
	char expected[96];
	enum media type;
	int kurrent;

	(void)state;
	for (type = MEDIA_NONE + 1; type <= MEDIA_COMPETING_JSON; type++)
		for (kurrent = 0; kurrent < 2; kurrent++) {
			struct media_choice c = {type, kurrent == 1};

			snprintf(expected, sizeof(expected), "%s%s",
			    media_name(c),
			    type == MEDIA_OCTETS ? "" : "; charset=utf-8");
			assert_string_equal(media_content_type(c), expected);
		}
}

static void
a_type_that_kurrent_did_not_rename_keeps_its_name(void **state)
{
	const struct media_choice json = {MEDIA_JSON, true};
	const struct media_choice octets = {MEDIA_OCTETS, true};
	const struct media_choice feed = {MEDIA_ATOM_JSON, true};

	(void)state;
	assert_string_equal(media_name(json), "application/json");
	assert_string_equal(media_name(octets), "application/octet-stream");
	assert_string_equal(media_name(feed), KURRENT "atom+json");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_accept_gives_what_any_is),
	    cmocka_unit_test(a_winning_any_type_gives_what_any_is),
	    cmocka_unit_test(a_name_gives_its_type_in_any_case),
	    cmocka_unit_test(what_is_not_offered_is_refused),
	    cmocka_unit_test(the_best_quality_wins),
	    cmocka_unit_test(the_more_specific_item_wins_among_equals),
	    cmocka_unit_test(an_item_that_names_a_type_closest_decides_on_it),
	    cmocka_unit_test(the_order_of_the_list_wins_at_last),
	    cmocka_unit_test(quality_zero_excludes),
	    cmocka_unit_test(odd_but_clear_qualities_are_taken),
	    cmocka_unit_test(other_parameters_are_ignored),
	    cmocka_unit_test(an_item_that_cannot_be_read_is_skipped),
	    cmocka_unit_test(thirty_two_items_are_looked_at),
	    cmocka_unit_test(the_description_is_never_given_to_a_wildcard),
	    cmocka_unit_test(kurrent_is_answered_under_its_own_name),
	    cmocka_unit_test(format_beats_accept),
	    cmocka_unit_test(a_format_that_is_not_offered_is_refused),
	    cmocka_unit_test(a_body_is_known_by_its_content_type),
	    cmocka_unit_test(a_body_of_another_type_is_refused),
	    cmocka_unit_test(a_charset_must_be_utf_8),
	    cmocka_unit_test(every_type_but_octets_is_sent_with_its_charset),
	    cmocka_unit_test(a_type_that_kurrent_did_not_rename_keeps_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
