#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fcgi/user_body.h"
#include "fcgi/xml_parse.h"

static void
read_body(struct user_body *b, const char *text)
{
	*b = (struct user_body){.ngroups = 0};
	if (user_body_read(b, slice_str(text), text[0] == '<') != ERR_OK)
		fail_msg("%s: %s", text, b->why);
}

/* What it says in one line: a member that was not given is a "-". */
static void
says(const char *text, const char *expected)
{
	struct user_body b;
	struct buf line = {0};
	size_t i;

	read_body(&b, text);
	const struct slice all[] = {b.login, b.full_name, b.password,
	    b.current_password, b.new_password};
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		buf_add_slice(&line, all[i].p == NULL ? slice("-", 1) : all[i]);
		buf_add_char(&line, '|');
	}
	if (!b.has_groups)
		buf_add_char(&line, '-');
	for (i = 0; i < b.ngroups; i++) {
		buf_add_slice(&line, b.groups[i]);
		buf_add_char(&line, ',');
	}
	buf_add_char(&line, '\0');
	assert_string_equal(line.p, expected);
	buf_fini(&line);
	user_body_fini(&b);
}

static void
is_refused(struct slice text, bool is_xml, const char *why)
{
	struct user_body b = {.ngroups = 0};

	assert_int_equal(user_body_read(&b, text, is_xml), ERR_INVALID);
	if (strstr(b.why, why) == NULL)
		fail_msg("not \"%s\" but \"%s\"", why, b.why);
	user_body_fini(&b);
}

static void
json_is_refused(const char *text, const char *why)
{
	is_refused(slice_str(text), false, why);
}

static void
xml_is_refused(const char *text, const char *why)
{
	is_refused(slice_str(text), true, why);
}

static void
members_are_read_from_json(void **state)
{
	(void)state;
	says("{}", "-|-|-|-|-|-");
	says("{\"loginName\":\"ann\",\"fullName\":\"A \\u00e4\","
	     "\"groups\":[\"a\",\"b\"],\"password\":\"x\"}",
	    "ann|A \xc3\xa4|x|-|-|a,b,");
	says(
	    "{\"currentPassword\":\"a\",\"newPassword\":\"b\"}", "-|-|-|a|b|-");
	says("{\"loginName\":\"\",\"groups\":[]}", "|-|-|-|-|");
}

static void
names_are_taken_in_any_case_and_the_last_counts(void **state)
{
	(void)state;
	says("{\"LOGINNAME\":\"a\",\"LoginName\":\"b\",\"fullname\":\"c\"}",
	    "b|c|-|-|-|-");
	says("{\"Groups\":[\"a\",\"b\"],\"groups\":[\"c\"]}", "-|-|-|-|-|c,");
	says("{\"loginName\":\"a\",\"loginName\":null}", "-|-|-|-|-|-");
	says("{\"groups\":[\"a\"],\"groups\":null}", "-|-|-|-|-|-");
	says("{\"login\\u004eame\":\"a\"}", "a|-|-|-|-|-");
}

static void
what_nobody_asked_for_is_ignored(void **state)
{
	(void)state;
	says("{\"x\":{\"loginName\":\"a\"},\"loginNames\":[1]}", "-|-|-|-|-|-");
	says("<u><x><loginName>a</loginName></x></u>", "-|-|-|-|-|-");
	says("<u loginName='a'><x/></u>", "-|-|-|-|-|-");
}

static void
members_are_read_from_xml(void **state)
{
	(void)state;
	says("<u><loginName>ann</loginName><fullName/><password> x </password>"
	     "<groups>a</groups><groups>b</groups></u>",
	    "ann|-| x |-|-|a,b,");
	says("<PostUserData xmlns='urn:x' xmlns:i='urn:i'>"
	     "<LoginName>ann</LoginName><FullName i:nil='true'/>"
	     "<Groups><string>a</string><string>b</string></Groups>"
	     "</PostUserData>",
	    "ann|-|-|-|-|a,b,");
	says("<p:U xmlns:p='u'><p:LoginName a='b'>ann</p:LoginName>"
	     "<p:Groups xmlns:q='q'><q:string>a</q:string></p:Groups></p:U>",
	    "ann|-|-|-|-|a,");
	says("<u><groups/></u>", "-|-|-|-|-|");
	says("<u><groups>one</groups></u>", "-|-|-|-|-|one,");
}

static void
wrong_types_are_refused(void **state)
{
	static const char *const strings[] = {"loginName", "fullName",
	    "password", "currentPassword", "newPassword"};
	static const char *const values[] = {"1", "true", "{}", "[\"a\"]"};
	char text[80], why[80];
	size_t i;

	(void)state;
	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "{\"%s\":%s}", strings[i % 5],
		    values[i / 5]);
		snprintf(why, sizeof(why), "\"%s\" must be a string.",
		    strings[i % 5]);
		json_is_refused(text, why);
	}
	json_is_refused("{\"groups\":\"a\"}", "array of strings");
	json_is_refused("{\"groups\":{\"a\":\"b\"}}", "array of strings");
	json_is_refused("{\"groups\":[1]}", "array of strings");
	json_is_refused("{\"groups\":[[\"a\"]]}", "array of strings");
	json_is_refused("{\"groups\":[null]}", "array of strings");
	xml_is_refused("<u><loginName>a</loginName><loginName>b</loginName>"
		       "</u>",
	    "\"loginName\" must be a string.");
	xml_is_refused("<u><loginName><a>b</a></loginName></u>",
	    "\"loginName\" must be a string.");
	xml_is_refused(
	    "<u><groups><a><b>c</b></a></groups></u>", "array of strings");
}

static void
what_is_no_document_is_refused(void **state)
{
	(void)state;
	json_is_refused("", "It is not JSON: at byte 0");
	json_is_refused("{not json", "It is not JSON: at byte 1");
	json_is_refused("{} {}", "It is not JSON: at byte 3");
	json_is_refused("{\"loginName\":\"\xff\"}", "not UTF-8");
	json_is_refused("[]", "must be a JSON object");
	json_is_refused("\"ann\"", "must be a JSON object");
	json_is_refused("null", "must be a JSON object");
	xml_is_refused("", "Line 1: XML starts with <");
	xml_is_refused("{}", "Line 1: XML starts with <");
	xml_is_refused("<u><a></u>", "Line 1: ");
	xml_is_refused("<u>ann</u>", "must have elements");
	xml_is_refused("<u/>", "must have elements");
	xml_is_refused("<!DOCTYPE u><u/>", "document type");
	xml_is_refused("<u>\xff</u>", "not UTF-8");
}

/* levels of the letter-named element, or of an array in JSON. */
static void
deep_is_refused(const char *start, const char *level, const char *why)
{
	struct buf text = {0};
	int i;

	buf_add_str(&text, start);
	for (i = 0; i < 100000; i++)
		buf_add_str(&text, level);
	is_refused(buf_slice(&text), level[0] == '<', why);
	buf_fini(&text);
}

static void
deep_nesting_is_refused(void **state)
{
	(void)state;
	deep_is_refused("{\"groups\":", "[", "deeper than 64");
	deep_is_refused("{\"a\":", "{\"a\":", "deeper than 64");
	deep_is_refused("", "<a>", "deeper than 64");
}

static void
too_many_groups_are_refused(void **state)
{
	struct buf text = {0};
	size_t i;

	(void)state;
	buf_add_str(&text, "{\"groups\":[\"g\"");
	for (i = 0; i < USERS_MAX_GROUPS; i++)
		buf_add_str(&text, ",\"g\"");
	buf_add_str(&text, "]}");
	is_refused(buf_slice(&text), false, "at most 256 groups");
	buf_fini(&text);
}

static int
start_parser(void **state)
{
	(void)state;
	xml_parse_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_are_read_from_json),
	    cmocka_unit_test(names_are_taken_in_any_case_and_the_last_counts),
	    cmocka_unit_test(what_nobody_asked_for_is_ignored),
	    cmocka_unit_test(members_are_read_from_xml),
	    cmocka_unit_test(wrong_types_are_refused),
	    cmocka_unit_test(what_is_no_document_is_refused),
	    cmocka_unit_test(deep_nesting_is_refused),
	    cmocka_unit_test(too_many_groups_are_refused),
	};

	return cmocka_run_group_tests(tests, start_parser, NULL);
}
