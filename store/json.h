/*
 * json - a strict scanner of JSON (RFC 8259) over bytes that stay in place.
 *
 * Layer: store, used everywhere.  Nothing is copied or converted, so what
 * was sent can be given back byte for byte.  json_parse() checks a whole
 * text once; everything else here takes it on trust that a struct json_value
 * or a JSON text came out of that check.
 */
#ifndef STORE_JSON_H
#define STORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "store/buf.h"
#include "store/slice.h"

/* Objects and arrays may be nested so deep: [[1]] is 2 deep. */
#define JSON_DEPTH_MAX 64

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json_value {
	enum json_kind kind;
	struct slice text; /* borrowed; no blanks around, a string's quotes */
};

struct json_fault {
	size_t at;       /* offset of the first byte that cannot stand there */
	const char *why; /* a static English phrase, for one line */
};

struct json_iter {
	const char *p;
	const char *end;
	enum json_kind kind;
};

/*
 * Check that text is one JSON value, with nothing but blanks around it.
 * All of the RFC's grammar is taken, \u0000, lone \u surrogates, repeated
 * names and numbers of any length included; nothing beyond it is: no byte
 * order mark, comments, trailing commas, NaN, control characters in
 * strings, bytes that are not UTF-8, or nesting beyond JSON_DEPTH_MAX.
 * False: *fault, unless NULL, says where and why; *value is untouched.
 */
bool json_parse(struct json_value *, struct slice text, struct json_fault *);

/*
 * Walk what is in an array or object, in the order of the text.  A value of
 * another kind has no elements, and an array no members.  The iterator needs
 * no release.
 */
void json_iter_init(struct json_iter *, struct json_value container);

/* The next element of an array; false after the last one. */
bool json_iter_next(struct json_iter *, struct json_value *value);

/*
 * The next member of an object; false after the last one.  *name is the raw
 * text between the quotes, escapes not resolved: see json_says().
 */
bool json_iter_member(
    struct json_iter *, struct slice *name, struct json_value *value);

/*
 * Add what stands between the quotes of a JSON string that says these bytes.
 * Escaped are " and \, controls below U+0020 (\b \t \n \f \r, others as
 * \u00xx in lower case), U+0085, U+2028 and U+2029; what is not UTF-8 becomes
 * U+FFFD, one for each longest beginning of a character (contract 0.9).  The
 * bytes may be anything.  Grows them at most 6 times.
 */
void json_escape(struct buf *, struct slice utf8);

/* The same with the quotes. */
static inline void
json_quote(struct buf *b, struct slice utf8)
{
	buf_add_char(b, '"');
	json_escape(b, utf8);
	buf_add_char(b, '"');
}

/*
 * Add an accepted text in Newtonsoft's "indented" form (contract 0.9): two
 * spaces a level, LF, "name": value, [] and {} when empty, no LF at the end.
 * Strings and numbers stay byte for byte.  Deep nesting can grow a text up
 * to 66 times: bound it by the caller's means.
 */
void json_indent(struct buf *, struct slice json);

/* Strict UTF-8: nothing overlong, no surrogates, at most U+10FFFF. */
bool json_utf8_valid(struct slice);

#endif
