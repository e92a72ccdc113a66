#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(struct json_value v);

static void
walk_string(struct slice text)
{
	struct buf said = {0}, again = {0}, back = {0};

	json_unescape(&said, text);
	assert(json_utf8_valid(buf_slice(&said)));
	json_quote(&again, buf_slice(&said));
	json_unescape(&back, buf_slice(&again));
	assert(slice_eq(buf_slice(&said), buf_slice(&back)));
	buf_fini(&said);
	buf_fini(&again);
	buf_fini(&back);
}

/* Each part must be a value of its own, of the same kind and bytes. */
static void
walk_part(struct json_value part)
{
	struct json_value v;

	assert(json_parse(&v, part.text, NULL));
	assert(v.kind == part.kind && slice_eq(v.text, part.text));
	walk(part);
}

static void
walk(struct json_value v)
{
	struct json_iter it;
	struct json_value part;
	struct slice name;

	if (v.kind == JSON_STRING)
		walk_string(v.text);
	json_iter_init(&it, v);
	while (json_iter_next(&it, &part))
		walk_part(part);
	while (json_iter_member(&it, &name, &part)) {
		walk_string(slice(name.p - 1, name.n + 2));
		json_name_is(name, "eventid");
		walk_part(part);
	}
}

static void
indent(struct json_value v)
{
	struct buf once = {0}, twice = {0};
	struct json_value again;

	json_indent(&once, v.text);
	assert(json_parse(&again, buf_slice(&once), NULL));
	assert(again.kind == v.kind && again.text.n == once.n);
	json_indent(&twice, again.text);
	assert(slice_eq(buf_slice(&once), buf_slice(&twice)));
	buf_fini(&once);
	buf_fini(&twice);
}

static void
quote(struct slice bytes)
{
	struct buf text = {0}, said = {0};
	struct json_value v;

	json_quote(&text, bytes);
	assert(text.n <= 6 * bytes.n + 2);
	assert(json_parse(&v, buf_slice(&text), NULL));
	assert(v.kind == JSON_STRING && v.text.n == text.n);
	json_unescape(&said, v.text);
	assert(json_utf8_valid(buf_slice(&said)));
	assert(slice_eq(buf_slice(&said), bytes) == json_utf8_valid(bytes));
	buf_fini(&text);
	buf_fini(&said);
}

/*
 * jansson refuses numbers its types cannot hold, NUL in a name and lone
 * surrogates.  It skips some raw NUL bytes and nests deeper than we do.
 */
static void
compare(struct slice text, bool ours, const struct json_fault *fault)
{
	json_error_t e;
	json_t *tree =
	    json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

	if (ours && tree == NULL)
		assert(json_error_code(&e) == json_error_numeric_overflow ||
		       json_error_code(&e) == json_error_null_byte_in_key ||
		       strncmp(e.text, "invalid Unicode '\\u", 19) == 0);
	if (!ours && tree != NULL)
		assert(memchr(text.p, 0, text.n) != NULL ||
		       strstr(fault->why, "deeper") != NULL);
	json_decref(tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice(n == 0 ? "" : (const char *)data, n);
	struct json_fault fault = {0};
	struct json_value v;
	bool ours = json_parse(&v, text, &fault);

	assert(ours || (fault.at <= n && fault.why != NULL));
	compare(text, ours, &fault);
	quote(text);
	if (!ours)
		return 0;
	assert(json_utf8_valid(text));
	walk(v);
	indent(v);
	return 0;
}
