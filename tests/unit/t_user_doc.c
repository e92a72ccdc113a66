#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/user_doc.h"
#include "store/account.h"
#include "store/clock.h"

#define LINK(path, rel)                                                  \
	"      {\n        \"href\": \"http://h/users/a%2Fb" path "\",\n" \
	"        \"rel\": \"" rel "\"\n      }"
#define XML_LINK(path, rel)                                         \
	"<links><href>http://h/users/a%2Fb" path "</href><rel>" rel \
	"</rel></links>"

static struct user_doc
new_doc(void)
{
	return (struct user_doc){.base = slice_str("http://h")};
}

static void
expect_one(struct user_doc *d, bool as_xml, const char *expected)
{
	struct buf out = {0};

	user_doc_print(d, &out, as_xml);
	buf_add_char(&out, '\0');
	assert_string_equal(out.p, expected);
	buf_fini(&out);
}

static void
expect(struct user_doc *d, const char *json, const char *xml)
{
	expect_one(d, false, json);
	expect_one(d, true, xml);
	user_doc_fini(d);
}

static void
an_update_has_its_members_in_order(void **state)
{
	struct user_doc d = new_doc();

	(void)state;
	user_doc_update(&d, slice_str("a<b"), "Success");
	expect(&d,
	    "{\n  \"loginName\": \"a<b\",\n  \"success\": true,\n"
	    "  \"error\": \"Success\",\n  \"msgTypeId\": 50\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UpdateResult>"
	    "<loginName>a&lt;b</loginName><success>true</success>"
	    "<error>Success</error><msgTypeId>50</msgTypeId></UpdateResult>");
}

static void
a_failure_says_why(void **state)
{
	struct user_doc d = new_doc();

	(void)state;
	user_doc_update(&d, slice(NULL, 0), "Conflict");
	expect(&d,
	    "{\n  \"success\": false,\n  \"error\": \"Conflict\",\n"
	    "  \"msgTypeId\": 50\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UpdateResult>"
	    "<success>false</success><error>Conflict</error>"
	    "<msgTypeId>50</msgTypeId></UpdateResult>");
	d = new_doc();
	user_doc_failure(&d, "NotFound");
	expect(&d,
	    "{\n  \"success\": false,\n  \"error\": \"NotFound\",\n"
	    "  \"msgTypeId\": 51\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDetailsResult>"
	    "<success>false</success><error>NotFound</error>"
	    "<msgTypeId>51</msgTypeId></UserDetailsResult>");
}

static void
details_have_links_for_what_can_be_done(void **state)
{
	struct slice groups[] = {slice_str("x"), slice_str("y")};
	struct account a = {.login = slice_str("a/b"),
	    .full_name = slice_str("A B"),
	    .groups = groups,
	    .ngroups = 2};
	struct user_doc d = new_doc();

	(void)state;
	user_doc_details(&d, &a);
	expect(&d,
	    "{\n  \"data\": {\n    \"loginName\": \"a/b\",\n"
	    "    \"fullName\": \"A B\",\n    \"groups\": [\n      \"x\",\n"
	    "      \"y\"\n    ],\n    \"disabled\": false,\n"
	    "    \"links\": [\n" LINK("/command/reset-password",
		"reset-password") ",\n" LINK("/command/change-password",
		"change-password") ",\n" LINK("", "edit") ",\n" LINK("",
		"delete") ",\n" LINK("/command/disable",
		"disable") "\n    ]\n  },\n"
			   "  \"success\": true,\n  \"error\": \"Success\",\n"
			   "  \"msgTypeId\": 51\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDetailsResult>"
	    "<data><loginName>a/b</loginName><fullName>A B</fullName>"
	    "<groups>x</groups><groups>y</groups><disabled>false</"
	    "disabled>" XML_LINK("/command/reset-password", "reset-password")
		XML_LINK(
		    "/command/change-password", "change-password") XML_LINK("",
		    "edit") XML_LINK("", "delete") XML_LINK("/command/disable",
		    "disable") "</data><success>true</success><error>Success</"
			       "error>"
			       "<msgTypeId>51</msgTypeId></UserDetailsResult>");
}

static void
what_an_account_has_not_is_left_out(void **state)
{
	struct account a = {.login = slice_str("a/b"), .is_disabled = true};
	struct user_doc d = new_doc();

	(void)state;
	user_doc_details(&d, &a);
	expect(&d,
	    "{\n  \"data\": {\n    \"loginName\": \"a/b\",\n"
	    "    \"disabled\": true,\n    \"links\": [\n" LINK(
		"/command/reset-password",
		"reset-password") ",\n" LINK("/command/change-password",
		"change-password") ",\n" LINK("", "edit") ",\n" LINK("",
		"delete") ",\n" LINK("/command/enable",
		"enable") "\n    ]\n  },\n"
			  "  \"success\": true,\n  \"error\": \"Success\",\n"
			  "  \"msgTypeId\": 51\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDetailsResult>"
	    "<data><loginName>a/b</loginName><disabled>true</"
	    "disabled>" XML_LINK("/command/reset-password",
		"reset-password") XML_LINK("/command/change-password",
		"change-password") XML_LINK("", "edit") XML_LINK("",
		"delete") XML_LINK("/command/enable",
		"enable") "</data><success>true</success><error>Success</error>"
			  "<msgTypeId>51</msgTypeId></UserDetailsResult>");
}

static void
ones_own_account_has_its_time_and_no_links(void **state)
{
	struct slice none[1];
	struct account a = {.login = slice_str("ann"),
	    .full_name = slice_str(""),
	    .groups = none,
	    .mark.updated = 12 * CLOCK_TICKS_PER_S + 34000};
	struct user_doc d = new_doc();

	(void)state;
	user_doc_current(&d, &a);
	expect(&d,
	    "{\n  \"data\": {\n    \"loginName\": \"ann\",\n"
	    "    \"fullName\": \"\",\n    \"groups\": [],\n"
	    "    \"dateLastUpdated\": \"1970-01-01T00:00:12.0034+00:00\",\n"
	    "    \"disabled\": false\n  },\n  \"success\": true,\n"
	    "  \"error\": \"Success\",\n  \"msgTypeId\": 51\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDetailsResult>"
	    "<data><loginName>ann</loginName><fullName></fullName>"
	    "<dateLastUpdated>1970-01-01T00:00:12.0034+00:00"
	    "</dateLastUpdated><disabled>false</disabled></data>"
	    "<success>true</success><error>Success</error>"
	    "<msgTypeId>51</msgTypeId></UserDetailsResult>");
}

static void
an_empty_list_is_an_empty_array(void **state)
{
	struct user_doc d = new_doc();

	(void)state;
	user_doc_list_begin(&d);
	user_doc_list_end(&d);
	expect(&d,
	    "{\n  \"data\": [],\n  \"success\": true,\n"
	    "  \"error\": \"Success\",\n  \"msgTypeId\": 52\n}",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?><AllUserDetailsResult>"
	    "<success>true</success><error>Success</error>"
	    "<msgTypeId>52</msgTypeId></AllUserDetailsResult>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_update_has_its_members_in_order),
	    cmocka_unit_test(a_failure_says_why),
	    cmocka_unit_test(details_have_links_for_what_can_be_done),
	    cmocka_unit_test(what_an_account_has_not_is_left_out),
	    cmocka_unit_test(ones_own_account_has_its_time_and_no_links),
	    cmocka_unit_test(an_empty_list_is_an_empty_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
