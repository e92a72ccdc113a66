#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/xml_out.h"

static void
assert_text(struct buf *b, const char *expected)
{
	buf_add_char(b, '\0');
	assert_string_equal(b->p, expected);
	buf_fini(b);
}

static void
text_is(const char *bytes, size_t n, const char *expected)
{
	struct buf b = {0};

	xml_out_text(&b, slice(bytes, n));
	assert_text(&b, expected);
}

static void
name_is(const char *said, const char *expected)
{
	struct buf b = {0};

	xml_out_name(&b, slice_str(said));
	assert_text(&b, expected);
}

static void
json_is(const char *json, const char *expected)
{
	struct buf b = {0};

	xml_out_json(&b, "d", "", slice_str(json));
	assert_text(&b, expected);
}

static void
what_means_something_to_xml_is_escaped(void **state)
{
	(void)state;
	text_is(
	    "<a b=\"c\">&</a>", 14, "&lt;a b=&quot;c&quot;&gt;&amp;&lt;/a&gt;");
	text_is("a\r\n\tb", 5, "a&#xD;\n\tb");
	text_is("", 0, "");
}

static void
what_xml_cannot_hold_is_replaced(void **state)
{
	(void)state;
	text_is("a\0b\x01\x1f", 5,
	    "a\xef\xbf\xbd"
	    "b\xef\xbf\xbd\xef\xbf\xbd");
	text_is("\xff\xc3", 2, "\xef\xbf\xbd\xef\xbf\xbd");
	text_is("\xef\xbf\xbe", 3, "\xef\xbf\xbd");
	text_is("\xc3\xa4\xf0\x9f\x98\x80", 6, "\xc3\xa4\xf0\x9f\x98\x80");
}

static void
a_name_escapes_what_it_may_not_have(void **state)
{
	(void)state;
	name_is("plain-name.1", "plain-name.1");
	name_is("a b", "a_x0020_b");
	name_is("1st", "_x0031_st");
	name_is("$acl", "_x0024_acl");
	name_is("a:b", "a_x003A_b");
	name_is("\xf0\x9f\x98\x80", "_x0001F600_");
	name_is("", "_x0000_");
}

static void
a_name_that_looks_escaped_can_be_told_from_one_that_is(void **state)
{
	(void)state;
	name_is("_x0020_", "_x005F_x0020_");
	name_is("_x00zz_", "_x00zz_");
	name_is("_", "_");
}

static void
members_become_elements_and_items_of_one_name(void **state)
{
	(void)state;
	json_is("{\"a\":1,\"b\":\"<\",\"c\":true}",
	    "<d><a>1</a><b>&lt;</b><c>true</c></d>");
	json_is("{\"a\":[1,{\"b\":2}]}", "<d><a>1</a><a><b>2</b></a></d>");
	json_is("[1,2]", "<d>1</d><d>2</d>");
	json_is("{\"a\":[1,[2,[3,[]]],[{\"b\":4}]]}",
	    "<d><a>1</a><a><a>2</a><a><a>3</a><a /></a></a>"
	    "<a><a><b>4</b></a></a></d>");
	json_is("{\"a\":null,\"b\":\"\",\"c\":{}}", "<d><a /><b></b><c /></d>");
	json_is("{\"a\":[]}", "<d />");
}

static void
numbers_stay_byte_for_byte(void **state)
{
	(void)state;
	json_is("{\"a\":0.10,\"b\":12345678901234567890}",
	    "<d><a>0.10</a><b>12345678901234567890</b></d>");
}

static void
marked_members_become_attributes(void **state)
{
	(void)state;
	json_is("{\"@a\":\"\\\"\",\"b\":1}", "<d a=\"&quot;\"><b>1</b></d>");
	json_is("{\"$maxCount\":11}",
	    "<d xmlns:json=\"http://james.newtonking.com/projects/json\" "
	    "json:maxCount=\"11\" />");
	json_is("{\"$acl\":{\"$r\":\"x\"}}",
	    "<d><_x0024_acl "
	    "xmlns:json=\"http://james.newtonking.com/projects/json\" "
	    "json:r=\"x\" /></d>");
}

static void
an_attribute_stands_once_and_never_changes_namespaces(void **state)
{
	(void)state;
	json_is("{\"@a\":1,\"\\u0040a\":2}", "<d a=\"1\" />");
	json_is(
	    "{\"@b\":1,\"@a\":2,\"x\":3,\"@b\":4,\"@ab\":5,\"@a\":6,\"@a\":[]"
	    ",\"@b\":7}",
	    "<d b=\"1\" a=\"2\" ab=\"5\"><x>3</x></d>");
	json_is("{\"@xmlns\":\"u\"}", "<d><_x0040_xmlns>u</_x0040_xmlns></d>");
}

static void
text_beside_elements_is_text(void **state)
{
	(void)state;
	json_is("{\"a\":{\"@b\":1,\"#text\":\"<x>\"}}",
	    "<d><a b=\"1\">&lt;x&gt;</a></d>");
	json_is("{\"#text\":[\"x\",2],\"b\":null}", "<d>x2<b /></d>");
	json_is("{\"#text\":{\"a\":1}}",
	    "<d><_x0023_text><a>1</a></_x0023_text></d>");
	json_is("{\"#text\":[[1]]}",
	    "<d><_x0023_text><_x0023_text>1</_x0023_text></_x0023_text></d>");
	json_is("{\"#text\":null}", "<d />");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_means_something_to_xml_is_escaped),
	    cmocka_unit_test(what_xml_cannot_hold_is_replaced),
	    cmocka_unit_test(a_name_escapes_what_it_may_not_have),
	    cmocka_unit_test(
		a_name_that_looks_escaped_can_be_told_from_one_that_is),
	    cmocka_unit_test(members_become_elements_and_items_of_one_name),
	    cmocka_unit_test(numbers_stay_byte_for_byte),
	    cmocka_unit_test(marked_members_become_attributes),
	    cmocka_unit_test(
		an_attribute_stands_once_and_never_changes_namespaces),
	    cmocka_unit_test(text_beside_elements_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
