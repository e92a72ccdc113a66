#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* jansson's kinds have the names of ours; only its functions serve here. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_NULL   JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_NULL

#include "store/buf.h"
#include "store/json.h"
#include "store/json_string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Bytes with their length, so that NUL can be among them. */
#define BYTES(s)                   \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const char *const seeds[] = {"{\"a\":1}", "[]",
    " {\"a\" : [1, 2.50, -0, 1e5, 1E-7], \"b\":{}, \"c\":[ ]}\r\n",
    "\"\\u00e9\\ud83d\\ude00\\n\\\"\\\\\\/ end\"",
    "[null,true,false,\"\",[[[]]],{\"\":{}}]",
    "{\"stream\":\"order-42\",\"data\":{\"a\":\"b\",\"b\":[\"\"]}}",
    "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"plain text of some length\"]",
    "{\"quote\\\"d\":\"back\\\\\",\"\\u0061\":\"\\\\\\\"\\\\\"}",
    "[12345678901234567,-0.0,0.10,1.5e+3]",
    "[{\"a\":[{\"b\":[{\"c\":\"}]\\\"\"}]}]},\"[{\"]"};

static uint32_t
random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A copy without a byte behind it, so that a sanitizer sees every overrun. */
static struct slice
exact_copy(struct slice s)
{
	char *p = malloc(s.n == 0 ? 1 : s.n);

	assert_non_null(p);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return slice(p, s.n);
}

static bool
is_accepted(struct slice text)
{
	struct slice copy = exact_copy(text);
	struct json_fault fault = {0};
	struct json_value v;
	bool ok = json_parse(&v, copy, &fault);

	assert_true(ok || (fault.at <= text.n && fault.why != NULL));
	free((char *)copy.p);
	return ok;
}

static struct json_value
parsed(const char *text)
{
	struct json_value v;

	assert_true(json_parse(&v, slice_str(text), NULL));
	return v;
}

static void
assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

static void
the_grammar_of_the_rfc_is_accepted(void **state)
{
	static const char *const texts[] = {"null", "true", "false", "0", "-0",
	    "10", "-1.5", "0.10", "1e1", "1E+1", "1e-01", "0e0", "1.0E400",
	    "123456789012345678901234567890", "\"\"", "\"\\u0000\"",
	    "\"\\ud800\"", "\"\\udc00\\ud800\"",
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7f\"", "[]", "{}", "[ ]",
	    "{ }", " [1 , 2 ] ", "\t\n\r {\"a\" :\t1 ,\n\"a\":2}\r\n",
	    "[[],{},\"]\"]", "{\"\":\"\"}", "{\"\\u0000\":0}",
	    "\"\xef\xbb\xbf\""};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		if (!is_accepted(slice_str(texts[i])))
			fail_msg("refused: %s", texts[i]);
}

static void
what_the_grammar_lacks_is_refused_at_its_byte(void **state)
{
	static const struct {
		struct slice text;
		size_t at;
	} cases[] = {{BYTES(""), 0}, {BYTES("  "), 2}, {BYTES("nul"), 0},
	    {BYTES("True"), 0}, {BYTES("NaN"), 0}, {BYTES("Infinity"), 0},
	    {BYTES("-Infinity"), 1}, {BYTES("+1"), 0}, {BYTES(".5"), 0},
	    {BYTES("-"), 1}, {BYTES("01"), 0}, {BYTES("-01"), 1},
	    {BYTES("1."), 2}, {BYTES("1.e1"), 2}, {BYTES("1e"), 2},
	    {BYTES("1e+"), 3}, {BYTES("0x10"), 1}, {BYTES("1 2"), 2},
	    {BYTES("nullx"), 4}, {BYTES("{} []"), 3}, {BYTES("[1,]"), 3},
	    {BYTES("[,1]"), 1}, {BYTES("[1 2]"), 3}, {BYTES("[1}"), 2},
	    {BYTES("{\"a\":1]"), 6}, {BYTES("{\"a\":1,}"), 7},
	    {BYTES("{a:1}"), 1}, {BYTES("{'a':1}"), 1}, {BYTES("{\"a\"}"), 4},
	    {BYTES("{\"a\" 1}"), 5}, {BYTES("{\"a\":}"), 5},
	    {BYTES("{1:1}"), 1}, {BYTES("]"), 0}, {BYTES("[1]]"), 3},
	    {BYTES("\"a"), 2}, {BYTES("\"a\nb\""), 2}, {BYTES("\"a\tb\""), 2},
	    {BYTES("\"a\0b\""), 2}, {BYTES("\"\\x\""), 2}, {BYTES("\"\\"), 2},
	    {BYTES("\"\\\0\""), 2}, {BYTES("\"\\u12g4\""), 5},
	    {BYTES("\"\\u12"), 5}, {BYTES("\"\\U0041\""), 2},
	    {BYTES("[1] // no"), 4}, {BYTES("/* no */ 1"), 0},
	    {BYTES("\xef\xbb\xbf{}"), 0}, {BYTES("1\0"), 1}, {BYTES("\0"), 0},
	    {BYTES("{}\0"), 2}, {BYTES("\f1"), 0}, {BYTES("[1\v]"), 2},
	    {BYTES("\xc2\xa0[]"), 0}, {BYTES("\"1234567\x1f\""), 8}};
	struct json_fault fault;
	struct json_value v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_false(is_accepted(cases[i].text));
		assert_false(json_parse(&v, cases[i].text, &fault));
		if (fault.at != cases[i].at)
			fail_msg(
			    "case %zu: at %zu: %s", i, fault.at, fault.why);
	}
	assert_false(json_parse(&v, slice(NULL, 0), &fault));
	assert_string_equal(fault.why, "the text ends before a value");
}

static void
only_strict_utf8_is_accepted(void **state)
{
	static const struct {
		const char *bytes;
		bool valid;
	} cases[] = {{"\x7f", true}, {"\xc2\x80", true}, {"\xdf\xbf", true},
	    {"\xe0\xa0\x80", true}, {"\xed\x9f\xbf", true},
	    {"\xee\x80\x80", true}, {"\xef\xbf\xbf", true},
	    {"\xf0\x90\x80\x80", true}, {"\xf4\x8f\xbf\xbf", true},
	    {"12345678\xc3\xa9", true}, {"\x80", false}, {"\xbf", false},
	    {"\xc0\x80", false}, {"\xc1\xbf", false}, {"\xc2", false},
	    {"\xc2\xc2", false}, {"\xe0\x80\x80", false},
	    {"\xe0\x9f\xbf", false}, {"\xe2\x82", false},
	    {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false},
	    {"\xf0\x80\x80\x80", false}, {"\xf0\x8f\xbf\xbf", false},
	    {"\xf0\x9f\x98", false}, {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false}, {"\xff", false},
	    {"1234567\xc3", false}, {"12345678\xc3", false}};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		buf_printf(&b, "[\"%s\"]", cases[i].bytes);
		if (is_accepted(buf_slice(&b)) != cases[i].valid ||
		    json_utf8_valid(slice_str(cases[i].bytes)) !=
			cases[i].valid)
			fail_msg("case %zu", i);
	}
	assert_true(json_utf8_valid(slice(NULL, 0)));
	buf_fini(&b);
}

static void
print_nested(struct buf *b, size_t depth)
{
	size_t i;

	buf_reset(b);
	for (i = 0; i < depth; i++)
		buf_add_str(b, i % 2 == 0 ? "[" : "{\"a\":");
	buf_add_str(b, "1");
	while (i-- > 0)
		buf_add_char(b, i % 2 == 0 ? ']' : '}');
}

static void
sixty_four_levels_are_accepted_and_no_more(void **state)
{
	struct buf b = {0};
	struct json_fault fault;
	struct json_value v;

	(void)state;
	print_nested(&b, 64);
	assert_true(is_accepted(buf_slice(&b)));
	print_nested(&b, 65);
	assert_false(json_parse(&v, buf_slice(&b), &fault));
	assert_string_equal(fault.why, "the nesting is deeper than 64 levels");
	print_nested(&b, 100000);
	assert_false(is_accepted(buf_slice(&b)));
	buf_fini(&b);
}

static void
every_prefix_of_a_document_is_refused(void **state)
{
	size_t i, n;
	struct slice text;

	(void)state;
	for (i = 0; i < COUNT(seeds); i++) {
		text = parsed(seeds[i]).text;
		for (n = 0; n < text.n; n++)
			assert_false(is_accepted(slice(text.p, n)));
		assert_true(is_accepted(text));
	}
}

/*
 * jansson refuses numbers its types cannot hold, NUL in a name and lone
 * surrogates.  It skips some raw NUL bytes and nests deeper than we do.
 */
static bool
is_known_difference(struct slice text, bool ours, const json_error_t *e)
{
	struct json_fault fault;
	struct json_value v;

	if (ours)
		return json_error_code(e) == json_error_numeric_overflow ||
		       json_error_code(e) == json_error_null_byte_in_key ||
		       strncmp(e->text, "invalid Unicode '\\u", 19) == 0;
	json_parse(&v, text, &fault);
	return memchr(text.p, 0, text.n) != NULL ||
	       strstr(fault.why, "deeper") != NULL;
}

/* Returns whether we accept it. */
static bool
assert_agrees_with_jansson(struct slice text)
{
	json_error_t e;
	json_t *tree =
	    json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	bool ours = is_accepted(text), theirs = tree != NULL;

	json_decref(tree);
	if (ours != theirs && !is_known_difference(text, ours, &e))
		fail_msg("we %s, jansson %s: %.*s", ours ? "accept" : "refuse",
		    theirs ? "accepts" : e.text, (int)text.n, text.p);
	return ours;
}

/* Replace, insert or remove one byte. */
static void
mutate(struct buf *b, uint32_t *random)
{
	static const char bytes[] =
	    "{}[]:,\"\\/u0019-+.eE tfn\n\x01\x80\xc3\xff";
	size_t at = random_next(random) % b->n;
	char c = bytes[random_next(random) % sizeof(bytes)];

	switch (random_next(random) % 3) {
	case 0:
		b->p[at] = c;
		break;
	case 1:
		buf_add_char(b, 0);
		memmove(b->p + at + 1, b->p + at, b->n - at - 1);
		b->p[at] = c;
		break;
	default:
		memmove(b->p + at, b->p + at + 1, b->n - at - 1);
		b->n--;
		break;
	}
}

static void
mutations_are_judged_as_jansson_judges_them(void **state)
{
	struct buf b = {0};
	uint32_t random = 42;
	size_t i, accepted = 0;

	(void)state;
	for (i = 0; i < 60000; i++) {
		buf_reset(&b);
		buf_add_str(&b, seeds[i % COUNT(seeds)]);
		mutate(&b, &random);
		if (i % 2 == 0 && b.n > 0)
			mutate(&b, &random);
		if (assert_agrees_with_jansson(buf_slice(&b)))
			accepted++;
	}
	assert_in_range(accepted, 5000, 55000);
	buf_fini(&b);
}

static void
a_value_comes_without_blanks_and_with_its_kind(void **state)
{
	static const struct {
		const char *text;
		const char *value;
		enum json_kind kind;
	} cases[] = {
	    {" null ", "null", JSON_NULL},
	    {"\ttrue", "true", JSON_BOOL},
	    {"false\n", "false", JSON_BOOL},
	    {" -1.50 ", "-1.50", JSON_NUMBER},
	    {" \" a \" ", "\" a \"", JSON_STRING},
	    {"\r\n[ 1 ] ", "[ 1 ]", JSON_ARRAY},
	    {" { \"a\" : 1 } ", "{ \"a\" : 1 }", JSON_OBJECT},
	};
	struct json_value v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		v = parsed(cases[i].text);
		assert_int_equal(v.kind, cases[i].kind);
		assert_slice(v.text, cases[i].value);
	}
}

static void
an_array_is_walked_in_order(void **state)
{
	static const char *const expected[] = {
	    "1", "\"],\\\\\"", "[2,[3]]", "{\"a\":[]}", "null"};
	struct json_iter it;
	struct json_value v;
	struct slice name;
	size_t n = 0;

	(void)state;
	json_iter_init(
	    &it, parsed("[ 1,\"],\\\\\" , [2,[3]],\n{\"a\":[]},null ]"));
	assert_false(json_iter_member(&it, &name, &v));
	while (json_iter_next(&it, &v)) {
		assert_true(n < COUNT(expected));
		assert_slice(v.text, expected[n++]);
	}
	assert_int_equal(n, COUNT(expected));
	assert_false(json_iter_next(&it, &v));
}

static void
an_object_is_walked_in_order_with_raw_names(void **state)
{
	struct json_iter it;
	struct json_value v;
	struct slice name;

	(void)state;
	json_iter_init(&it, parsed("{ \"a\\\"\\u0062\" : 1,\"\":\"x\" }"));
	assert_false(json_iter_next(&it, &v));
	assert_true(json_iter_member(&it, &name, &v));
	assert_slice(name, "a\\\"\\u0062");
	assert_slice(v.text, "1");
	assert_int_equal(v.kind, JSON_NUMBER);
	assert_true(json_iter_member(&it, &name, &v));
	assert_slice(name, "");
	assert_slice(v.text, "\"x\"");
	assert_false(json_iter_member(&it, &name, &v));
}

static void
nothing_is_in_a_scalar_or_an_empty_container(void **state)
{
	static const char *const texts[] = {
	    "[]", "[ ]", "{}", "{\n}", "1", "\"[1]\"", "null"};
	struct json_iter it;
	struct json_value v;
	struct slice name;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		json_iter_init(&it, parsed(texts[i]));
		assert_false(json_iter_next(&it, &v));
		assert_false(json_iter_member(&it, &name, &v));
	}
}

static void assert_same_tree(struct json_value v, json_t *tree);

static void
assert_same_scalar(struct json_value v, json_t *tree)
{
	struct buf said = {0};
	json_t *again;

	if (v.kind == JSON_STRING) {
		json_unescape(&said, v.text);
		assert_int_equal(said.n, json_string_length(tree));
		assert_memory_equal(said.p == NULL ? "" : said.p,
		    json_string_value(tree), said.n);
		buf_fini(&said);
		return;
	}
	again = json_loadb(v.text.p, v.text.n, JSON_DECODE_ANY, NULL);
	assert_true(json_equal(again, tree));
	json_decref(again);
}

static void
assert_same_members(struct json_value v, json_t *tree)
{
	void *member = json_object_iter(tree);
	struct buf said = {0};
	struct json_iter it;
	struct json_value value;
	struct slice name;

	json_iter_init(&it, v);
	while (json_iter_member(&it, &name, &value)) {
		assert_non_null(member);
		buf_reset(&said);
		json_unescape(&said, slice(name.p - 1, name.n + 2));
		buf_add_char(&said, '\0');
		assert_string_equal(said.p, json_object_iter_key(member));
		assert_same_tree(value, json_object_iter_value(member));
		member = json_object_iter_next(tree, member);
	}
	assert_null(member);
	buf_fini(&said);
}

static void
assert_same_tree(struct json_value v, json_t *tree)
{
	struct json_iter it;
	struct json_value value;
	size_t n = 0;

	if (v.kind == JSON_OBJECT) {
		assert_same_members(v, tree);
		return;
	}
	if (v.kind != JSON_ARRAY) {
		assert_same_scalar(v, tree);
		return;
	}
	json_iter_init(&it, v);
	while (json_iter_next(&it, &value))
		assert_same_tree(value, json_array_get(tree, n++));
	assert_int_equal(n, json_array_size(tree));
}

static void
walking_finds_the_values_that_jansson_finds(void **state)
{
	json_t *tree;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(seeds); i++) {
		tree = json_loads(seeds[i], JSON_DECODE_ANY, NULL);
		assert_non_null(tree);
		assert_same_tree(parsed(seeds[i]), tree);
		json_decref(tree);
	}
}

static void
quoting_escapes_what_the_contract_names(void **state)
{
	static const struct {
		struct slice said;
		const char *text;
	} cases[] = {{BYTES(""), "\"\""}, {BYTES("a/b'<>&"), "\"a/b'<>&\""},
	    {BYTES("\"\\"), "\"\\\"\\\\\""},
	    {BYTES("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
	    {BYTES("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
	    {BYTES("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9"),
		"\"\\u0085\\u2028\\u2029\""},
	    {BYTES("\xc2\x84\xc2\x86\xe2\x80\xa7\xe2\x80\xaa"),
		"\"\xc2\x84\xc2\x86\xe2\x80\xa7\xe2\x80\xaa\""},
	    {BYTES("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
	    {BYTES("z\xffz"), "\"z\xef\xbf\xbdz\""},
	    {BYTES("\xe2\x82"), "\"\xef\xbf\xbd\""},
	    {BYTES("\xe2\x82z"), "\"\xef\xbf\xbdz\""},
	    {BYTES("\xed\xa0\x80"),
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}};
	struct buf b = {0};
	struct slice copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		copy = exact_copy(cases[i].said);
		json_quote(&b, copy);
		free((char *)copy.p);
		if (!slice_is(buf_slice(&b), cases[i].text))
			fail_msg("case %zu: %.*s", i, (int)b.n, b.p);
	}
	buf_fini(&b);
}

static void
quoted_utf8_unescapes_to_itself_and_junk_to_json(void **state)
{
	struct buf bytes = {0}, text = {0}, said = {0};
	uint32_t random = 7, c;
	size_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		buf_reset(&text);
		buf_reset(&said);
		if (bytes.n > 40)
			buf_reset(&bytes);
		c = random_next(&random);
		buf_add_char(
		    &bytes, (char)(c % 3 == 0 ? c >> 8 : c >> 9 & 0x7f));
		json_quote(&text, buf_slice(&bytes));
		assert_true(is_accepted(buf_slice(&text)));
		json_unescape(&said, buf_slice(&text));
		assert_true(json_utf8_valid(buf_slice(&said)));
		assert_true(text.n <= 6 * bytes.n + 2);
		assert_int_equal(slice_eq(buf_slice(&said), buf_slice(&bytes)),
		    json_utf8_valid(buf_slice(&bytes)));
	}
	buf_fini(&bytes);
	buf_fini(&text);
	buf_fini(&said);
}

static void
indenting_prints_as_the_contract_says(void **state)
{
	static const struct {
		const char *text;
		const char *indented;
	} cases[] = {{" 1.0e+5 ", "1.0e+5"},
	    {"\"a b\\u0041\"", "\"a b\\u0041\""}, {"[]", "[]"}, {"{ }", "{}"},
	    {"[\n[ ],{ }]", "[\n  [],\n  {}\n]"}, {"[1,2]", "[\n  1,\n  2\n]"},
	    {"{\"a\":{\"b\":[0.10,\"[x, y]\"]} , \"c\" :null}",
		"{\n  \"a\": {\n    \"b\": [\n      0.10,\n      \"[x, y]\"\n"
		"    ]\n  },\n  \"c\": null\n}"}};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		json_indent(&b, slice_str(cases[i].text));
		if (!slice_is(buf_slice(&b), cases[i].indented))
			fail_msg("case %zu: %.*s", i, (int)b.n, b.p);
	}
	buf_fini(&b);
}

static void
an_indented_text_says_the_same_and_stays_as_it_is(void **state)
{
	struct buf once = {0}, twice = {0};
	json_t *before, *after;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(seeds); i++) {
		buf_reset(&once);
		buf_reset(&twice);
		json_indent(&once, slice_str(seeds[i]));
		json_indent(&twice, buf_slice(&once));
		assert_true(slice_eq(buf_slice(&once), buf_slice(&twice)));
		before = json_loads(seeds[i], JSON_DECODE_ANY, NULL);
		after = json_loadb(once.p, once.n, JSON_DECODE_ANY, NULL);
		assert_true(json_equal(before, after));
		json_decref(before);
		json_decref(after);
	}
	buf_fini(&once);
	buf_fini(&twice);
}

static void
the_deepest_text_is_indented_whole(void **state)
{
	struct buf text = {0}, out = {0}, line = {0};

	(void)state;
	print_nested(&text, JSON_DEPTH_MAX);
	json_indent(&out, buf_slice(&text));
	buf_add_char(&out, '\0');
	buf_printf(&line, "{\n%128s\"a\": 1\n%126s}\n", "", "");
	buf_add_char(&line, '\0');
	assert_non_null(strstr(out.p, line.p));
	assert_true(out.n <= 66 * text.n);
	buf_fini(&text);
	buf_fini(&out);
	buf_fini(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_grammar_of_the_rfc_is_accepted),
	    cmocka_unit_test(what_the_grammar_lacks_is_refused_at_its_byte),
	    cmocka_unit_test(only_strict_utf8_is_accepted),
	    cmocka_unit_test(sixty_four_levels_are_accepted_and_no_more),
	    cmocka_unit_test(every_prefix_of_a_document_is_refused),
	    cmocka_unit_test(mutations_are_judged_as_jansson_judges_them),
	    cmocka_unit_test(a_value_comes_without_blanks_and_with_its_kind),
	    cmocka_unit_test(an_array_is_walked_in_order),
	    cmocka_unit_test(an_object_is_walked_in_order_with_raw_names),
	    cmocka_unit_test(nothing_is_in_a_scalar_or_an_empty_container),
	    cmocka_unit_test(walking_finds_the_values_that_jansson_finds),
	    cmocka_unit_test(quoting_escapes_what_the_contract_names),
	    cmocka_unit_test(quoted_utf8_unescapes_to_itself_and_junk_to_json),
	    cmocka_unit_test(indenting_prints_as_the_contract_says),
	    cmocka_unit_test(an_indented_text_says_the_same_and_stays_as_it_is),
	    cmocka_unit_test(the_deepest_text_is_indented_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
