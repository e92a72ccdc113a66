#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/xml_in.h"
#include "fcgi/xml_parse.h"
#include "fcgi/xml_scan.h"
#include "store/buf.h"
#include "store/json.h"

#define ID          "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e7"
#define HEAD        "<EventId>" ID "</EventId><EventType>t</EventType>"
#define EVENT(rest) "<Event>" HEAD rest "</Event>"
#define BATCH(rest) "<Events>" EVENT(rest) "</Events>"
#define MAX_BYTES   200000

static enum err
read_batch(struct body *b, struct slice text)
{
	*b = (struct body){.max_event_bytes = MAX_BYTES};
	return xml_in_read_batch(b, text);
}

static struct event
event_at(const struct body *b, size_t i)
{
	const struct new_event *made = &b->events[i];
	struct event ev;

	assert_true(i < b->n);
	assert_int_equal(
	    event_decode(&ev, slice(made->record, made->record_len)), ERR_OK);
	return ev;
}

static void
says(struct slice actual, const char *expected)
{
	if (!slice_is(actual, expected))
		fail_msg(
		    "%.*s instead of %s", (int)actual.n, actual.p, expected);
}

static struct event
read_one(struct body *b, const char *xml)
{
	if (read_batch(b, slice_str(xml)) != ERR_OK)
		fail_msg("%s: %s", xml, b->why);
	assert_int_equal(b->n, 1);
	return event_at(b, 0);
}

/* What the element makes of an event's data. */
static void
data_is(const char *element, const char *expected, unsigned int flags)
{
	struct body b;
	struct buf xml = {0};
	struct event ev;

	buf_printf(&xml, "<Events><Event>" HEAD "%s</Event></Events>", element);
	buf_add_char(&xml, '\0');
	ev = read_one(&b, xml.p);
	says(ev.data, expected);
	assert_int_equal(ev.flags, flags);
	body_fini(&b);
	buf_fini(&xml);
}

static void
is_json(const char *element, const char *expected)
{
	struct json_value v;

	assert_true(json_parse(&v, slice_str(expected), NULL));
	data_is(element, expected, EVENT_DATA_IS_JSON);
}

static void
is_text(const char *element, const char *expected)
{
	data_is(element, expected, 0);
}

static void
is_refused_as(struct slice xml, const char *reason, const char *why)
{
	struct body b;

	if (read_batch(&b, xml) != ERR_INVALID)
		fail_msg("%.*s is taken", (int)xml.n, xml.p);
	assert_string_equal(b.reason, reason);
	if (strstr(b.why, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", b.why, why);
	body_fini(&b);
}

static void
is_refused(const char *xml, const char *why)
{
	is_refused_as(slice_str(xml), "Write request body invalid.", why);
}

static void
is_too_large(struct slice xml)
{
	struct body b;

	assert_int_equal(read_batch(&b, xml), ERR_TOO_LARGE);
	assert_non_null(b.reason);
	assert_true(b.why[0] != '\0');
	body_fini(&b);
}

static void
repeat(struct buf *b, const char *text, size_t times)
{
	while (times-- > 0)
		buf_add_str(b, text);
}

static void
the_documented_request_is_read(void **state)
{
	struct body b;
	struct guid id;
	struct event ev = read_one(&b,
	    "<Events><Event>"
	    "<EventId>fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e7</EventId>"
	    "<EventType>event-type</EventType><Data><a>1</a></Data>"
	    "<MetaData><m>1</m></MetaData></Event></Events>");

	(void)state;
	assert_true(guid_parse(&id, slice_str(ID)));
	assert_int_equal(guid_cmp(&ev.id, &id), 0);
	says(ev.type, "event-type");
	says(ev.data, "{\"a\":\"1\"}");
	says(ev.metadata, "{\"m\":\"1\"}");
	assert_int_equal(ev.flags, EVENT_DATA_IS_JSON | EVENT_METADATA_IS_JSON);
	body_fini(&b);
}

static void
every_child_of_the_root_is_an_event(void **state)
{
	struct body b;
	const char *xml =
	    "<?xml version=\"1.0\" encoding='utf-8'?>\n<any>\n"
	    "  <x>" HEAD "<data>1</data></x>\n"
	    "  words\n"
	    "  <y>" HEAD "<metadata><n/></metadata></y>\n</any>\n";

	(void)state;
	assert_int_equal(read_batch(&b, slice_str(xml)), ERR_OK);
	assert_int_equal(b.n, 2);
	says(event_at(&b, 0).data, "1");
	says(event_at(&b, 0).metadata, "");
	says(event_at(&b, 1).data, "");
	says(event_at(&b, 1).metadata, "{\"n\":null}");
	assert_int_equal(event_at(&b, 1).flags, EVENT_METADATA_IS_JSON);
	body_fini(&b);
}

static void
members_are_known_in_any_case_and_namespace(void **state)
{
	struct body b;
	struct event ev =
	    read_one(&b, "<es:events xmlns:es='urn:es' xmlns='urn:x'><es:event>"
			 "<es:EVENTID xmlns=''>\n " ID "\n</es:EVENTID>"
			 "<eventtype xmlns=''>t</eventtype><es:dATA>d</es:dATA>"
			 "</es:event></es:events>");

	(void)state;
	says(ev.type, "t");
	says(ev.data, "d");
	body_fini(&b);
}

static void
other_members_are_ignored_and_the_last_of_several_counts(void **state)
{
	(void)state;
	is_text(
	    "<data><a/></data><foo><data>x</data></foo><data>y</data>", "y");
	is_json("words<data>y</data><Data><a>1</a></Data>", "{\"a\":\"1\"}");
	is_text("<data><a/></data><data/>", "");
}

static void
an_event_needs_an_id_and_a_type(void **state)
{
	(void)state;
	is_refused_as(slice_str("<e><e><eventType>t</eventType></e></e>"),
	    "Empty eventId provided.", "Event 0");
	is_refused_as(slice_str("<e>" EVENT("") "<e><eventId/></e></e>"),
	    "Empty eventId provided.", "Event 1");
	is_refused_as(
	    slice_str("<e><e><eventId>00000000-0000-0000-0000-000000000000"
		      "</eventId><eventType>t</eventType></e></e>"),
	    "Empty eventId provided.", "zero");
	is_refused_as(slice_str("<e><e><eventId>" ID "</eventId><eventType> \n"
				"</eventType></e></e>"),
	    "Empty eventType provided.", "Event 0");
	is_refused("<e><e><eventId>seven</eventId></e></e>", "not a GUID");
}

static void
ids_and_types_are_text(void **state)
{
	(void)state;
	is_refused("<e>\n<e><eventId><a/></eventId></e></e>",
	    "Line 2: the \"eventId\" of event 0 must be text");
	is_refused("<e><e><eventId>" ID "</eventId>"
		   "<eventType>a<b/></eventType></e></e>",
	    "the \"eventType\" of event 0 must be text");
}

static void
a_long_type_is_refused(void **state)
{
	struct buf xml = {0};

	(void)state;
	buf_add_str(&xml, "<e><e><eventId>" ID "</eventId><eventType>");
	repeat(&xml, "x", EVENT_MAX_TYPE + 1);
	buf_add_str(&xml, "</eventType></e></e>");
	is_refused_as(
	    buf_slice(&xml), "Write request body invalid.", "1000 bytes");
	buf_fini(&xml);
}

static void
a_batch_without_events_is_refused(void **state)
{
	(void)state;
	is_refused("<Events/>", "element for each event");
	is_refused("<Events>words</Events>", "element for each event");
}

static void
what_is_malformed_is_refused_with_its_line(void **state)
{
	(void)state;
	is_refused("", "Line 1: XML starts with <");
	is_refused(" <!-- -->\n", "Line 2: ");
	is_refused("{\"a\":1}", "Line 1: XML starts with <");
	is_refused(
	    "<Events>\n<Event>\n</Events>", "Line 3: Opening and ending");
	is_refused("<Events>\n" EVENT(""), "Line 2: it ends before");
	is_refused(BATCH("") "\n<Events/>", "Line 2: Extra content");
	is_refused(BATCH("<data a=1/>"), "Line 1: AttValue");
	is_refused(BATCH("<data a='1' a='2'/>"), "Attribute a redefined");
	is_refused(BATCH("<data>\x01</data>"), "Line 1: ");
	is_refused(BATCH("<data>&#0;</data>"), "Line 1: ");
	is_refused("<Events>\n<Event <a/>", "Line 2: a tag is not closed");
}

static void
what_is_no_utf8_is_refused(void **state)
{
	const char utf16[] = "\xff\xfe<\0a\0/\0>";

	(void)state;
	is_refused("<a>\n\n\xc3(</a>", "Line 3: it is not UTF-8");
	is_refused("<a>\xed\xa0\x80</a>", "Line 1: it is not UTF-8");
	is_refused_as(slice(utf16, sizeof(utf16)),
	    "Write request body invalid.", "Line 1");
	is_refused_as(slice("<a>\n\0</a>", 9), "Write request body invalid.",
	    "Line 2: it has a NUL byte");
}

static void
another_encoding_is_refused(void **state)
{
	(void)state;
	is_refused("<?xml version='1.0' encoding='ISO-8859-1'?>" BATCH(""),
	    "encoding must be UTF-8");
	is_refused("<?xml version='1.0'\nencoding = \"utf-16\"?>" BATCH(""),
	    "encoding must be UTF-8");
	is_refused("<?xml version='1.0' encoding='utf-8x'?>" BATCH(""),
	    "encoding must be UTF-8");
}

static void
utf8_may_be_declared_and_marked(void **state)
{
	struct body b;

	(void)state;
	read_one(&b, "\xef\xbb\xbf" BATCH(""));
	body_fini(&b);
	read_one(&b, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\" "
		     "standalone=\"yes\"?>" BATCH(""));
	body_fini(&b);
	read_one(&b, "<?xml version='1.0'?><!-- encoding='x' -->" BATCH(""));
	body_fini(&b);
}

static void
document_types_and_entities_are_refused(void **state)
{
	(void)state;
	is_refused("<!DOCTYPE Events>\n" BATCH(""),
	    "Line 1: a document type is not taken");
	is_refused("<?xml version='1.0'?>\n<!DOCTYPE e [<!ENTITY a SYSTEM "
		   "'file:///etc/passwd'>]>" BATCH("<data>&a;</data>"),
	    "Line 2: a document type is not taken");
	is_refused(BATCH("\n<data>&nbsp;</data>"),
	    "Line 2: Entity 'nbsp' not defined");
	is_refused(BATCH("<data a='&b;'/>"), "Entity 'b' not defined");
	is_text("<data><![CDATA[<!DOCTYPE a>]]></data>", "<!DOCTYPE a>");
	is_text("<data><!--<!DOCTYPE a>-->x</data>", "x");
}

/* As many levels of data as levels says, with an array at each if asked. */
static struct buf
nested(size_t levels, bool arrays)
{
	struct buf xml = {0};

	buf_add_str(&xml, "<Events><Event>" HEAD "<data>");
	repeat(&xml, arrays ? "<a/><a>" : "<a>", levels - 1);
	repeat(&xml, "</a>", levels - 1);
	buf_add_str(&xml, "</data></Event></Events>");
	return xml;
}

static void
depth_is_bounded(void **state)
{
	struct buf xml = nested(XML_MAX_DEPTH - 2, false);
	struct body b;
	struct json_value v;

	(void)state;
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	assert_true(json_parse(&v, event_at(&b, 0).data, NULL));
	body_fini(&b);
	buf_fini(&xml);
	xml = nested(XML_MAX_DEPTH - 1, false);
	is_refused_as(
	    buf_slice(&xml), "Write request body invalid.", "deeper than 64");
	buf_fini(&xml);
}

static void
depth_of_the_json_is_bounded(void **state)
{
	struct buf xml = nested(JSON_DEPTH_MAX / 2 + 1, true);
	struct body b;
	struct json_value v;

	(void)state;
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	assert_true(json_parse(&v, event_at(&b, 0).data, NULL));
	body_fini(&b);
	buf_fini(&xml);
	xml = nested(JSON_DEPTH_MAX / 2 + 2, true);
	is_refused_as(buf_slice(&xml), "Write request body invalid.",
	    "JSON nested deeper than 64");
	buf_fini(&xml);
}

static struct buf
with_attributes(size_t n)
{
	struct buf xml = {0};
	size_t i;

	buf_add_str(&xml, "<Events><Event>" HEAD "<data");
	for (i = 0; i < n; i++)
		buf_printf(&xml, " a%zu='=>'", i);
	buf_add_str(&xml, "/></Event></Events>");
	return xml;
}

static void
attributes_are_bounded(void **state)
{
	struct buf xml = with_attributes(XML_SCAN_MAX_ATTRIBUTES);
	struct body b;

	(void)state;
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	body_fini(&b);
	buf_fini(&xml);
	xml = with_attributes(XML_SCAN_MAX_ATTRIBUTES + 1);
	is_refused_as(buf_slice(&xml), "Write request body invalid.",
	    "at most 128 attributes");
	buf_fini(&xml);
}

/* n times the text between begin and end, in an event's data. */
static struct buf
with_data(const char *begin, const char *text, size_t n)
{
	struct buf xml = {0};

	buf_add_str(&xml, "<Events><Event>" HEAD);
	buf_add_str(&xml, begin);
	repeat(&xml, text, n);
	buf_add_str(&xml, "</data></Event></Events>");
	return xml;
}

static void
an_event_may_be_as_large_as_allowed(void **state)
{
	struct buf xml = with_data("<data>", "x", MAX_BYTES);
	struct body b;

	(void)state;
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	assert_int_equal(event_at(&b, 0).data.n, MAX_BYTES);
	body_fini(&b);
	buf_fini(&xml);
	/* {"a":[null,null,...]} */
	xml = with_data("<data>", "<a/>", (MAX_BYTES - 7) / 5);
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	assert_in_range(event_at(&b, 0).data.n, MAX_BYTES - 5, MAX_BYTES);
	body_fini(&b);
	buf_fini(&xml);
}

static void
an_event_that_is_too_large_is_refused(void **state)
{
	struct buf xml = with_data("<data>", "x", MAX_BYTES + 1);

	(void)state;
	is_too_large(buf_slice(&xml));
	buf_fini(&xml);
	xml = with_data("<metadata>x</metadata><data>", "x", MAX_BYTES);
	is_too_large(buf_slice(&xml));
	buf_fini(&xml);
	xml = with_data("<data>", "<a/>", MAX_BYTES / 5 + 1);
	is_too_large(buf_slice(&xml));
	buf_fini(&xml);
	xml = with_data("<data>", "<a/>", MAX_BYTES / 3 + 1);
	is_too_large(buf_slice(&xml));
	buf_fini(&xml);
}

static void
characters_are_whole_wherever_the_parser_is_fed(void **state)
{
	static const char *const begins[] = {
	    "<data>", "<data>x", "<data>xx", "<data>xxx"};
	struct buf xml, expected = {0};
	struct body b;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		buf_reset(&expected);
		buf_add_str(&expected, begins[i] + strlen("<data>"));
		repeat(&expected, "\U0001F600", MAX_BYTES / 4 - 1);
		xml = with_data(begins[i], "\U0001F600", MAX_BYTES / 4 - 1);
		assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
		assert_true(
		    slice_eq(event_at(&b, 0).data, buf_slice(&expected)));
		body_fini(&b);
		buf_fini(&xml);
	}
	buf_fini(&expected);
}

static void
events_of_a_batch_are_bounded(void **state)
{
	struct buf xml = {0};
	struct body b;

	(void)state;
	buf_add_str(&xml, "<Events>");
	repeat(&xml, EVENT(""), BODY_MAX_EVENTS);
	buf_add_str(&xml, "</Events>");
	assert_int_equal(read_batch(&b, buf_slice(&xml)), ERR_OK);
	assert_int_equal(b.n, BODY_MAX_EVENTS);
	body_fini(&b);
	xml.n -= strlen("</Events>");
	buf_add_str(&xml, EVENT("") "</Events>");
	is_too_large(buf_slice(&xml));
	buf_fini(&xml);
}

static void
a_hostile_document_takes_no_time_in_its_square(void **state)
{
	struct buf xml = {0};
	size_t i;

	(void)state;
	buf_add_str(&xml, "<Events b=<!-- ");
	for (i = 0; i < 400000; i++)
		buf_printf(&xml, "a%zu='' ", i);
	buf_add_str(&xml, "--></Events>");
	is_refused_as(buf_slice(&xml), "Write request body invalid.", "Line 1");
	buf_fini(&xml);
}

static void
different_names_are_bounded(void **state)
{
	struct buf xml = {0};
	size_t i;

	(void)state;
	buf_add_str(&xml, "<Events>\n<Event>");
	for (i = 0; i < 100000; i++)
		buf_printf(&xml, "<a%zu/>", i);
	is_refused_as(buf_slice(&xml), "Write request body invalid.",
	    "Line 2: too many different names");
	buf_fini(&xml);
}

static void
nothing_is_printed(void **state)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	is_refused("<a", "Line 1");
	is_refused("<a>&b;</c>", "Line 1");
	is_refused("<a xmlns:x='not a uri' b:c=''><?xml a?></a>", "Line 1");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
	fclose(file);
}

static void *
read_often(void *good)
{
	struct body b;
	size_t i;

	for (i = 0; i < 200; i++) {
		*(size_t *)good +=
		    read_batch(&b, slice_str(BATCH("<data><a>1</a></data>"))) ==
		    ERR_OK;
		body_fini(&b);
		*(size_t *)good +=
		    read_batch(&b, slice_str("<a>&b;</a>")) == ERR_INVALID;
		body_fini(&b);
	}
	return NULL;
}

static void
threads_read_at_the_same_time(void **state)
{
	pthread_t threads[4];
	size_t good[4] = {0}, i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, read_often, &good[i]), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(good[i], 400);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_documented_request_is_read),
	    cmocka_unit_test(every_child_of_the_root_is_an_event),
	    cmocka_unit_test(members_are_known_in_any_case_and_namespace),
	    cmocka_unit_test(
		other_members_are_ignored_and_the_last_of_several_counts),
	    cmocka_unit_test(an_event_needs_an_id_and_a_type),
	    cmocka_unit_test(ids_and_types_are_text),
	    cmocka_unit_test(a_long_type_is_refused),
	    cmocka_unit_test(a_batch_without_events_is_refused),
	    cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
	    cmocka_unit_test(what_is_no_utf8_is_refused),
	    cmocka_unit_test(another_encoding_is_refused),
	    cmocka_unit_test(utf8_may_be_declared_and_marked),
	    cmocka_unit_test(document_types_and_entities_are_refused),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(depth_of_the_json_is_bounded),
	    cmocka_unit_test(attributes_are_bounded),
	    cmocka_unit_test(an_event_may_be_as_large_as_allowed),
	    cmocka_unit_test(an_event_that_is_too_large_is_refused),
	    cmocka_unit_test(characters_are_whole_wherever_the_parser_is_fed),
	    cmocka_unit_test(events_of_a_batch_are_bounded),
	    cmocka_unit_test(a_hostile_document_takes_no_time_in_its_square),
	    cmocka_unit_test(different_names_are_bounded),
	    cmocka_unit_test(nothing_is_printed),
	    cmocka_unit_test(threads_read_at_the_same_time),
	};

	xml_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
