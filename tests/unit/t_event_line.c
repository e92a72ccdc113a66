#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/event_line.h"
#include "store/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define BEFORE                                              \
	"{\"stream\":\"s\",\"number\":7,\"id\":"            \
	"\"5c1f3e0a-8f0e-4d0b-9d4a-000000000001\",\"type\"" \
	":\"t\",\"created\":\"2026-11-25T02:30:00.0012300Z\",\"position\":3,"
#define FLAGS "\"dataIsJson\":true,\"metadataIsJson\":false"

static struct event_line
make_line(struct slice data)
{
	struct event_line l = {.stream = slice_str("s")};

	guid_parse(
	    &l.event.id, slice_str("5c1f3e0a-8f0e-4d0b-9d4a-000000000001"));
	l.event.number = 7;
	l.event.position = 3;
	l.event.created = 17956602000012300 - 17956602000012300 % 10;
	l.event.flags = EVENT_DATA_IS_JSON;
	l.event.type = slice_str("t");
	l.event.data = data;
	return l;
}

/* The line says data so, and reads back as the same bytes. */
static void
assert_said(struct slice data, const char *text)
{
	struct event_line l = make_line(data), back;
	struct buf printed = {0}, memory = {0};
	const char *why = "";
	struct slice line;

	event_line_print(&printed, &l);
	line = buf_slice(&printed);
	assert_true(line.n <= event_line_bound(data.n));
	assert_int_equal(line.p[line.n - 1], '\n');
	line.n--;
	buf_add_char(&printed, '\0');
	assert_non_null(strstr(printed.p, text));
	if (!event_line_parse(&back, line, &memory, &why))
		fail_msg("%s", why);
	assert_true(slice_eq(back.event.data, data));
	assert_true(slice_eq(back.event.metadata, slice("", 0)));
	assert_true(
	    slice_is(back.stream, "s") && slice_is(back.event.type, "t"));
	assert_int_equal(back.event.created, l.event.created);
	assert_int_equal(back.event.number, 7);
	assert_int_equal(back.event.flags, EVENT_DATA_IS_JSON);
	assert_int_equal(guid_cmp(&back.event.id, &l.event.id), 0);
	buf_fini(&printed);
	buf_fini(&memory);
}

static void
bytes_come_back_whatever_they_are(void **state)
{
	(void)state;
	assert_said(
	    slice_str("{\"total\": 19.90}"), "\"data\":{\"total\": 19.90}}\n");
	assert_said(slice_str("19.90"), "\"data\":19.90}\n");
	assert_said(slice_str("\"text\""), "\"data\":\"text\"}\n");
	assert_said(slice_str("text"), "\"dataText\":\"text\"}\n");
	assert_said(slice_str(" 1"), "\"dataText\":\" 1\"}\n");
	assert_said(slice_str("[1,\n2]"), "\"dataText\":\"[1,\\n2]\"}\n");
	assert_said(slice("a\0b", 3), "\"dataText\":\"a\\u0000b\"}\n");
	assert_said(slice("\xff\0", 2), "\"dataBase64\":\"/wA=\"}\n");
	assert_said(slice("", 0), "\"metadataIsJson\":false}\n");
}

/* What the line's own reader could not take stands as text. */
static void
json_that_is_nested_too_deep_stands_as_text(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 8];
	const size_t deep = JSON_DEPTH_MAX;

	(void)state;
	memset(text, '[', deep);
	memset(text + deep, ']', deep);
	assert_said(slice(text, 2 * deep), "\"dataText\":\"[[");
	assert_said(slice(text + 1, 2 * deep - 2), "\"data\":[[");
	/* A bracket in a string is none. */
	memcpy(text + deep - 1, "\"[\\\"[\"", 6);
	memset(text + deep + 5, ']', deep - 1);
	assert_said(slice(text, 2 * deep + 4), "\"data\":[[");
}

static void
a_line_may_say_where_numbers_go_on(void **state)
{
	struct event_line l = {.stream = slice_str("a \"b\""), .is_next = true};
	struct buf printed = {0}, memory = {0};
	struct event_line back;
	const char *why;

	(void)state;
	l.event.number = 10;
	event_line_print(&printed, &l);
	assert_true(slice_is(buf_slice(&printed),
	    "{\"stream\":\"a \\\"b\\\"\",\"nextNumber\":10}\n"));
	assert_true(
	    event_line_parse(&back, buf_slice(&printed), &memory, &why));
	assert_true(back.is_next && back.event.number == 10);
	buf_fini(&printed);
	buf_fini(&memory);
}

static void
other_programs_may_write_lines_too(void **state)
{
	static const char line[] =
	    " { \"dataBase64\" : \"\\/wA=\", " FLAGS
	    ", \"created\":\"2026-11-25T02:30:00.0012300Z\",\"number\": 0,"
	    "\"typeBase64\":\"/w==\",\"stream\":\"\\u0061\", \"id\":"
	    "\"5C1F3E0A-8F0E-4D0B-9D4A-000000000001\"}\r";
	struct buf memory = {0};
	struct event_line l;
	const char *why = "";

	(void)state;
	if (!event_line_parse(&l, slice_str(line), &memory, &why))
		fail_msg("%s", why);
	assert_true(slice_is(l.stream, "a"));
	assert_true(slice_is(l.event.type, "\xff"));
	assert_true(slice_eq(l.event.data, slice("\xff\0", 2)));
	buf_fini(&memory);
}

static void
what_is_no_line_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
	    {"", "it is not one JSON object"},
	    {"[]", "it is not one JSON object"},
	    {"{} {}", "it is not one JSON object"},
	    {"{}", "a member is missing, or one too many"},
	    {"{\"nextNumber\":1}", "a member is missing, or one too many"},
	    {"{\"stream\":\"s\",\"nextNumber\":1,\"number\":1}",
		"a member is missing, or one too many"},
	    {"{\"stream\":\"s\",\"nextNumber\":0}",
		"\"nextNumber\" must be an integer from 1 on"},
	    {"{\"stream\":\"s\",\"nextNumber\":9223372036854775807}",
		"\"nextNumber\" must be an integer from 1 on"},
	    {"{\"number\":9223372036854775808}",
		"\"number\" must be an integer from 0 on"},
	    {"{\"number\":-1}", "\"number\" must be an integer from 0 on"},
	    {"{\"number\":1.0}", "\"number\" must be an integer from 0 on"},
	    {"{\"number\":\"1\"}", "\"number\" must be an integer from 0 on"},
	    {"{\"Number\":1}", "it has a member that no event has"},
	    {"{\"number\":1,\"number\":1}", "it says something twice"},
	    {"{\"data\":1,\"dataText\":\"1\"}", "it says something twice"},
	    {"{\"dataBase64\":\"/w\"}", "\"dataBase64\" must be Base64"},
	    {"{\"dataText\":1}", "\"dataText\" must be a string"},
	    {"{\"dataIsJson\":1}", "\"dataIsJson\" must be true or false"},
	    {"{\"stream\":\"\"}",
		"\"stream\" must be a stream's name: 1 to 1000 bytes, no "
		"controls"},
	    {"{\"id\":\"5c1f3e0a8f0e4d0b9d4a000000000001\"}",
		"\"id\" must be a UUID with hyphens"},
	    {"{\"created\":\"2026-02-30T00:00:00.0000000Z\"}",
		"\"created\" must be a time, YYYY-MM-DDThh:mm:ss.fffffffZ"},
	    {"{\"created\":\"2026-02-03T00:00:00Z\"}",
		"\"created\" must be a time, YYYY-MM-DDThh:mm:ss.fffffffZ"},
	    {BEFORE FLAGS ",\"x\":1}", "it has a member that no event has"},
	};
	struct buf memory = {0};
	struct event_line l;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_false(event_line_parse(
		    &l, slice_str(cases[i].line), &memory, &why));
		assert_string_equal(why, cases[i].why);
	}
	assert_true(
	    event_line_parse(&l, slice_str(BEFORE FLAGS "}"), &memory, &why));
	buf_fini(&memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_back_whatever_they_are),
	    cmocka_unit_test(json_that_is_nested_too_deep_stands_as_text),
	    cmocka_unit_test(a_line_may_say_where_numbers_go_on),
	    cmocka_unit_test(other_programs_may_write_lines_too),
	    cmocka_unit_test(what_is_no_line_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
