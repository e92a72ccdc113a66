#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/xml_in.h"
#include "fcgi/xml_parse.h"
#include "store/buf.h"
#include "store/json.h"

#define ID "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e7"

/* What xml_in makes of an event's data, and a tree of its XML. */
static void
data_is(const char *element, const char *expected, unsigned int flags)
{
	struct body b = {.max_event_bytes = 1000};
	struct buf xml = {0};
	struct event ev;

	buf_add_str(&xml, "<e><e><eventId>" ID "</eventId><eventType>t"
			  "</eventType>");
	buf_add_str(&xml, element);
	buf_add_str(&xml, "</e></e>");
	if (xml_in_read_batch(&b, buf_slice(&xml)) != ERR_OK)
		fail_msg("%s: %s", element, b.why);
	assert_int_equal(b.n, 1);
	assert_int_equal(event_decode(&ev,
			     slice(b.events[0].record, b.events[0].record_len)),
	    ERR_OK);
	if (!slice_is(ev.data, expected))
		fail_msg(
		    "%.*s instead of %s", (int)ev.data.n, ev.data.p, expected);
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
text_is_kept_as_text(void **state)
{
	(void)state;
	is_text("<data>{\"a\":1}</data>", "{\"a\":1}");
	is_text("<data> a &lt; \n&#x1F600; </data>", " a < \n\U0001F600 ");
	is_text("<data><![CDATA[<b>]]>&amp;<![CDATA[ ]]></data>", "<b>& ");
	is_text("<data>\n <![CDATA[ x ]]>\n </data>", " x ");
	is_text("<data>a<!-- no -->b<?no no?>c</data>", "abc");
	is_text("<data>\xc3\xa9\r\n</data>", "\xc3\xa9\n");
}

static void
no_content_is_no_data(void **state)
{
	(void)state;
	is_text("", "");
	is_text("<data/>", "");
	is_text("<data></data>", "");
	is_text("<data> \n\t</data>", "");
	is_text("<data><!-- x --><![CDATA[]]></data>", "");
}

static void
elements_become_members(void **state)
{
	(void)state;
	is_json("<data><a>1</a><b>true</b><c/><d></d><e> </e></data>",
	    "{\"a\":\"1\",\"b\":\"true\",\"c\":null,\"d\":null,\"e\":null}");
	is_json("<data>\n <a>\n  <b>\"\\\t</b>\n </a>\n</data>",
	    "{\"a\":{\"b\":\"\\\"\\\\\\t\"}}");
	is_json("<data><p:a xmlns:p='urn:p'>1</p:a></data>",
	    "{\"p:a\":{\"@xmlns:p\":\"urn:p\",\"#text\":\"1\"}}");
}

static void
repeated_names_become_an_array_where_the_first_stands(void **state)
{
	(void)state;
	is_json("<data><b>1</b><a>2</a><b/><c/><b><d>3</d></b></data>",
	    "{\"b\":[\"1\",null,{\"d\":\"3\"}],\"a\":\"2\",\"c\":null}");
	is_json("<data><a><a/><a/></a><a/></data>",
	    "{\"a\":[{\"a\":[null,null]},null]}");
	is_json("<data><ab/><a/><abc/><a/></data>",
	    "{\"ab\":null,\"a\":[null,null],\"abc\":null}");
}

static void
attributes_become_members_with_an_at(void **state)
{
	(void)state;
	is_json("<data x=\"1\" y=''/>", "{\"@x\":\"1\",\"@y\":\"\"}");
	is_json("<data><a n='&quot;&#65;'>t</a></data>",
	    "{\"a\":{\"@n\":\"\\\"A\",\"#text\":\"t\"}}");
	is_json("<data x='1'><x>2</x></data>", "{\"@x\":\"1\",\"x\":\"2\"}");
}

static void
text_beside_elements_becomes_a_member(void **state)
{
	(void)state;
	is_json("<data>a <b>1</b></data>", "{\"#text\":\"a \",\"b\":\"1\"}");
	is_json("<data><b/>\n<c/>a&amp;b<b/> c</data>",
	    "{\"b\":[null,null],\"c\":null,\"#text\":[\"a&b\",\" c\"]}");
}

static void
escapes_in_names_are_decoded(void **state)
{
	(void)state;
	is_json("<data><_x0024_maxCount>1</_x0024_maxCount></data>",
	    "{\"$maxCount\":\"1\"}");
	is_json("<data _x0020_='1'><a_x002f_b/></data>",
	    "{\"@ \":\"1\",\"a/b\":null}");
	is_json("<data><_x005F_x0041_/><_x00e9_/><_x20AC_/></data>",
	    "{\"_x0041_\":null,\"\xc3\xa9\":null,\"\xe2\x82\xac\":null}");
	is_json("<data><_xD83D__xDE00_/><_x0001F600_/></data>",
	    "{\"\U0001F600\":[null,null]}");
	is_json("<data><_xD83D_/><_xDE00_/></data>",
	    "{\"\xef\xbf\xbd\":[null,null]}");
	is_json("<data><_x0000_/></data>", "{\"\\u0000\":null}");
	is_json("<data><_x004g_/><_X0041_/><_x41_/><_x0041/></data>",
	    "{\"_x004g_\":null,\"_X0041_\":null,\"_x41_\":null,"
	    "\"_x0041\":null}");
	is_json("<data><_x00110000_/></data>", "{\"_x00110000_\":null}");
}

static void
names_that_decode_to_the_same_are_the_same(void **state)
{
	(void)state;
	is_json("<data><a/><_x0061_/></data>", "{\"a\":[null,null]}");
	is_json("<data a='1'><_x0040_a>2</_x0040_a></data>",
	    "{\"@a\":[\"1\",\"2\"]}");
	is_json("<data>x<_x0023_text>y</_x0023_text></data>",
	    "{\"#text\":[\"x\",\"y\"]}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_kept_as_text),
	    cmocka_unit_test(no_content_is_no_data),
	    cmocka_unit_test(elements_become_members),
	    cmocka_unit_test(
		repeated_names_become_an_array_where_the_first_stands),
	    cmocka_unit_test(attributes_become_members_with_an_at),
	    cmocka_unit_test(text_beside_elements_becomes_a_member),
	    cmocka_unit_test(escapes_in_names_are_decoded),
	    cmocka_unit_test(names_that_decode_to_the_same_are_the_same),
	};

	xml_parse_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
