#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "store/buf.h"
#include "store/hex.h"
#include "store/json.h"

#define ONES 0x0101010101010101u

/* What a byte is within a string. */
enum byte_class {
	BYTE_PLAIN,
	BYTE_QUOTE,
	BYTE_ESCAPE,
	BYTE_CONTROL,
	BYTE_WIDE
};

static const unsigned char byte_classes[256] = {
    [0x00 ... 0x1f] = BYTE_CONTROL,
    ['"'] = BYTE_QUOTE,
    ['\\'] = BYTE_ESCAPE,
    [0x80 ... 0xff] = BYTE_WIDE,
};

static const char escape_letters[] = "\"\\/bfnrt";
static const char escape_bytes[] = "\"\\/\b\f\n\r\t";

struct scan {
	const char *p, *end;
	unsigned depth;
	uint64_t objects; /* a bit a level, the innermost lowest */
	const char *why;
};

static enum byte_class
class_of(char c)
{
	return byte_classes[(unsigned char)c];
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* Eight at once: subtracting sets the high bit of a byte that was below. */
static bool
is_plain8(const char *p)
{
	uint64_t v, special;

	memcpy(&v, p, sizeof(v));
	special = v | (v - ONES * 0x20) | ((v ^ ONES * '"') - ONES) |
		  ((v ^ ONES * '\\') - ONES);
	return (special & ONES * 0x80) == 0;
}

/* The last bytes once more with some before them, lest it be one by one. */
static const char *
skip_plain(const char *p, const char *end)
{
	const char *start = p;

	while (end - p >= 8 && is_plain8(p))
		p += 8;
	if (end - p < 8 && p > start && is_plain8(end - 8))
		return end;
	while (p < end && class_of(*p) == BYTE_PLAIN)
		p++;
	return p;
}

/*
 * The length of the character at p, or, negative, of the longest beginning
 * of one when it is not UTF-8 (Unicode 15, table 3-7).
 */
static int
utf8_step(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = *u == 0xe0 ? 0xa0 : *u == 0xf0 ? 0x90 : 0x80;
	unsigned char high = *u == 0xed ? 0x9f : *u == 0xf4 ? 0x8f : 0xbf;
	int i, n = *u < 0xe0 ? 2 : *u < 0xf0 ? 3 : 4;

	if (*u < 0x80)
		return 1;
	if (*u < 0xc2 || *u > 0xf4)
		return -1;
	for (i = 1; i < n; i++) {
		if (p + i == end || u[i] < low || u[i] > high)
			return -i;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

bool
json_utf8_valid(struct slice s)
{
	const char *p = s.n == 0 ? "" : s.p, *end = p + s.n;
	int n;

	for (; p < end; p += n) {
		while (end - p > 8 && is_plain8(p))
			p += 8;
		if ((n = utf8_step(p, end)) < 0)
			return false;
	}
	return true;
}

static bool
refuse(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static bool
scan_escape(struct scan *s)
{
	int i;

	s->p++;
	if (s->p == s->end || memchr("u\"\\/bfnrt", *s->p, 9) == NULL)
		return refuse(s, "one of \" \\ / b f n r t u is expected");
	if (*s->p++ != 'u')
		return true;
	for (i = 0; i < 4; i++, s->p++)
		if (s->p == s->end || hex_value(*s->p) < 0)
			return refuse(s, "four hex digits are expected");
	return true;
}

/* Past characters of several bytes, up to a byte of another class. */
static bool
scan_wide(struct scan *s)
{
	int n;

	while (s->p < s->end && class_of(*s->p) == BYTE_WIDE) {
		if ((n = utf8_step(s->p, s->end)) < 0)
			return refuse(s, "the bytes here are not UTF-8");
		s->p += n;
	}
	return true;
}

static bool
scan_string(struct scan *s)
{
	enum byte_class class;

	for (s->p++;;) {
		s->p = skip_plain(s->p, s->end);
		if (s->p == s->end)
			return refuse(s, "a string has no closing quote");
		class = class_of(*s->p);
		if (class == BYTE_QUOTE)
			break;
		if (class == BYTE_CONTROL)
			return refuse(s, "a control must be escaped");
		if (!(class == BYTE_WIDE ? scan_wide(s) : scan_escape(s)))
			return false;
	}
	s->p++;
	return true;
}

static bool
scan_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && is_digit(*s->p))
		s->p++;
	return s->p > start || refuse(s, "a digit of a number is expected");
}

static bool
scan_number(struct scan *s)
{
	const char *start;

	if (*s->p == '-')
		s->p++;
	start = s->p;
	if (!scan_digits(s))
		return false;
	if (*start == '0' && s->p - start > 1) {
		s->p = start;
		return refuse(s, "a number must not have leading zeros");
	}
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!scan_digits(s))
			return false;
	}
	if (s->p == s->end || (*s->p | 0x20) != 'e')
		return true;
	s->p++;
	if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
		s->p++;
	return scan_digits(s);
}

static bool
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

static bool
scan_scalar(struct scan *s)
{
	if (*s->p == '"')
		return scan_string(s);
	if (*s->p == '-' || is_digit(*s->p))
		return scan_number(s);
	if (scan_word(s, "true") || scan_word(s, "false") ||
	    scan_word(s, "null"))
		return true;
	return refuse(s, "a JSON value is expected");
}

static bool
in_object(const struct scan *s)
{
	return (s->objects & 1) != 0;
}

/* A member's name and colon. */
static bool
scan_name(struct scan *s)
{
	s->p = skip_blanks(s->p, s->end);
	if (s->p == s->end || *s->p != '"')
		return refuse(s, "a member's name in quotes is expected");
	if (!scan_string(s))
		return false;
	s->p = skip_blanks(s->p, s->end);
	if (s->p == s->end || *s->p != ':')
		return refuse(s, "a colon after a member's name is expected");
	s->p++;
	return true;
}

/* Into a container; *empty when its end follows, which is left there. */
static bool
scan_open(struct scan *s, bool *empty)
{
	bool object = *s->p == '{';

	if (s->depth == JSON_DEPTH_MAX)
		return refuse(s, "the nesting is deeper than 64 levels");
	s->depth++;
	s->objects = s->objects << 1 | object;
	s->p = skip_blanks(s->p + 1, s->end);
	*empty = s->p < s->end && *s->p == (object ? '}' : ']');
	return *empty || !object || scan_name(s);
}

/* From a value's place past the first scalar or to the end of []. */
static bool
scan_down(struct scan *s)
{
	bool empty = false;

	while (!empty) {
		s->p = skip_blanks(s->p, s->end);
		if (s->p == s->end)
			return refuse(s, "the text ends before a value");
		if (*s->p != '{' && *s->p != '[')
			return scan_scalar(s);
		if (!scan_open(s, &empty))
			return false;
	}
	return true;
}

/* From behind a value to the place of the next one, or to depth 0. */
static bool
scan_up(struct scan *s)
{
	while (s->depth > 0) {
		s->p = skip_blanks(s->p, s->end);
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			return !in_object(s) || scan_name(s);
		}
		if (s->p == s->end || *s->p != (in_object(s) ? '}' : ']'))
			return refuse(s, "a comma or closing bracket expected");
		s->p++;
		s->depth--;
		s->objects >>= 1;
	}
	return true;
}

static enum json_kind
kind_of(char first)
{
	if (first == '{')
		return JSON_OBJECT;
	if (first == '[')
		return JSON_ARRAY;
	if (first == '"')
		return JSON_STRING;
	if (first == 't' || first == 'f')
		return JSON_BOOL;
	return first == 'n' ? JSON_NULL : JSON_NUMBER;
}

static bool
scan_text(struct scan *s, struct json_value *value)
{
	const char *start;

	if (s->end - s->p >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		return refuse(s, "a byte order mark must not come first");
	s->p = start = skip_blanks(s->p, s->end);
	do {
		if (!scan_down(s) || !scan_up(s))
			return false;
	} while (s->depth > 0);
	value->kind = kind_of(*start);
	value->text = slice(start, (size_t)(s->p - start));
	s->p = skip_blanks(s->p, s->end);
	return s->p == s->end || refuse(s, "nothing may follow the value");
}

bool
json_parse(
    struct json_value *value, struct slice text, struct json_fault *fault)
{
	const char *start = text.n == 0 ? "" : text.p;
	struct scan s = {.p = start, .end = start + text.n};
	struct json_value found;

	if (scan_text(&s, &found)) {
		*value = found;
		return true;
	}
	if (fault != NULL)
		*fault = (struct json_fault){(size_t)(s.p - start), s.why};
	return false;
}

/* A quote with an odd number of backslashes before it does not close. */
static const char *
skip_string(const char *p, const char *end)
{
	const char *start = p + 1, *run;

	for (p = start; p < end; p++) {
		if ((p = memchr(p, '"', (size_t)(end - p))) == NULL)
			return end;
		for (run = p; run > start && run[-1] == '\\'; run--)
			continue;
		if ((p - run) % 2 == 0)
			return p + 1;
	}
	return end;
}

static const char *
skip_container(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '"')
			p = skip_string(p, end) - 1;
		else if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && --depth == 0)
			return p + 1;
	}
	return end;
}

static const char *
skip_value(const char *p, const char *end)
{
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_container(p, end);
	while (p < end && *p != ',' && *p != ']' && *p != '}' && !is_blank(*p))
		p++;
	return p;
}

void
json_iter_init(struct json_iter *it, struct json_value container)
{
	const char *p = container.text.p;

	*it = (struct json_iter){p, p, container.kind};
	if (it->kind == JSON_ARRAY || it->kind == JSON_OBJECT) {
		it->p = p + 1;
		it->end = p + container.text.n - 1;
	}
}

static void
take_value(struct json_iter *it, struct json_value *value)
{
	const char *start = skip_blanks(it->p, it->end);

	it->p = skip_value(start, it->end);
	value->kind = kind_of(*start);
	value->text = slice(start, (size_t)(it->p - start));
}

/* To the next element or member; false after the last one. */
static bool
skip_comma(struct json_iter *it)
{
	it->p = skip_blanks(it->p, it->end);
	if (it->p < it->end && *it->p == ',')
		it->p = skip_blanks(it->p + 1, it->end);
	return it->p < it->end;
}

bool
json_iter_next(struct json_iter *it, struct json_value *value)
{
	if (it->kind != JSON_ARRAY || !skip_comma(it))
		return false;
	take_value(it, value);
	return true;
}

bool
json_iter_member(
    struct json_iter *it, struct slice *name, struct json_value *value)
{
	const char *start;

	if (it->kind != JSON_OBJECT || !skip_comma(it))
		return false;
	start = it->p + 1;
	it->p = skip_string(it->p, it->end);
	*name = slice(start, (size_t)(it->p - start) - 1);
	it->p = skip_blanks(it->p, it->end) + 1; /* the colon */
	take_value(it, value);
	return true;
}

static void
quote_unit(struct buf *b, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15],
	    hex[unit >> 4 & 15], hex[unit & 15]};

	buf_add(b, text, sizeof(text));
}

static void
quote_byte(struct buf *b, char c)
{
	const char *at = memchr(escape_bytes, c, 8);

	if (at == NULL) {
		quote_unit(b, (unsigned char)c);
		return;
	}
	buf_add_char(b, '\\');
	buf_add_char(b, escape_letters[at - escape_bytes]);
}

/* U+0085, U+2028 or U+2029 at p, where a character of n bytes is; or 0. */
static uint32_t
separator_at(const char *p, int n)
{
	if (n == 2 && memcmp(p, "\xc2\x85", 2) == 0)
		return 0x85;
	if (n == 3 && memcmp(p, "\xe2\x80", 2) == 0 && (p[2] & 0xfe) == 0xa8)
		return 0x2028 + (p[2] & 1);
	return 0;
}

/* Past what a quoted string may hold as it is. */
static const char *
skip_quotable(const char *p, const char *end)
{
	int n;

	for (;;) {
		p = skip_plain(p, end);
		if (p == end || class_of(*p) != BYTE_WIDE)
			return p;
		n = utf8_step(p, end);
		if (n < 0 || separator_at(p, n) != 0)
			return p;
		p += n;
	}
}

/* One character that cannot stay as it is; returns where it ends. */
static const char *
quote_special(struct buf *b, const char *p, const char *end)
{
	int n;

	if (class_of(*p) != BYTE_WIDE) {
		quote_byte(b, *p);
		return p + 1;
	}
	n = utf8_step(p, end);
	if (n < 0) {
		buf_add_str(b, "\xef\xbf\xbd"); /* U+FFFD */
		return p - n;
	}
	quote_unit(b, separator_at(p, n));
	return p + n;
}

void
json_escape(struct buf *b, struct slice utf8)
{
	const char *p = utf8.n == 0 ? "" : utf8.p, *end = p + utf8.n, *next;

	while (p < end) {
		next = skip_quotable(p, end);
		buf_add(b, p, (size_t)(next - p));
		p = next == end ? end : quote_special(b, next, end);
	}
}

static void
indent_line(struct buf *b, size_t depth)
{
	static const char blanks[2 * JSON_DEPTH_MAX + 1] =
	    "                                                                "
	    "                                                                ";

	assert(depth <= JSON_DEPTH_MAX);
	buf_add_char(b, '\n');
	buf_add(b, blanks, 2 * depth);
}

/* A bracket and what follows it: its other half, or a line one level deeper. */
static const char *
indent_open(struct buf *b, const char *p, const char *end, size_t *depth)
{
	const char *next = skip_blanks(p + 1, end);

	buf_add_char(b, *p);
	if (next < end && (*next == '}' || *next == ']')) {
		buf_add_char(b, *next);
		return next + 1;
	}
	indent_line(b, ++*depth);
	return next;
}

void
json_indent(struct buf *b, struct slice json)
{
	const char *p = json.n == 0 ? "" : json.p, *end = p + json.n, *start;
	size_t depth = 0;

	while ((p = skip_blanks(p, end)) < end) {
		start = p++;
		switch (*start) {
		case '{':
		case '[':
			p = indent_open(b, start, end, &depth);
			break;
		case '}':
		case ']':
			indent_line(b, --depth);
			buf_add_char(b, *start);
			break;
		case ',':
			buf_add_char(b, ',');
			indent_line(b, depth);
			break;
		case ':':
			buf_add_str(b, ": ");
			break;
		default:
			p = skip_value(start, end);
			buf_add(b, start, (size_t)(p - start));
			break;
		}
	}
}
