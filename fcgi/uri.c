#include "config.h"

#include "fcgi/uri.h"
#include "fcgi/header.h"
#include "store/buf.h"
#include "store/hex.h"

/* What is wrong with the escape that s begins with, or NULL. */
static const char *
escape_fault(struct slice s)
{
	if (s.n < 3 || hex_value(s.p[1]) < 0 || hex_value(s.p[2]) < 0)
		return "The URI has a % without two hexadecimal digits "
		       "behind it; a plain % is written %25.";
	if (s.p[1] == '0' && s.p[2] == '0')
		return "The URI has a zero byte, written %00; no name or "
		       "value may contain one.";
	return NULL;
}

/* What is wrong with the byte that s begins with, or NULL. */
static const char *
byte_fault(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c == '%')
		return escape_fault(s);
	if (c <= ' ' || c == 0x7f)
		return "The URI has a space or a control character; in a URI "
		       "it is written as % and two hexadecimal digits.";
	if (c == '#')
		return "The URI has a #; in a name or a value it is written "
		       "%23.";
	return NULL;
}

static const char *
raw_fault(struct slice raw)
{
	const char *why = NULL;
	size_t i;

	for (i = 0; i < raw.n && why == NULL; i++)
		why = byte_fault(slice_from(raw, i));
	return why;
}

/* Where c first stands in s; s.n when nowhere. */
static size_t
index_of(struct slice s, char c)
{
	const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return at == NULL ? s.n : (size_t)(at - s.p);
}

/* raw from its path on, or from its query when it has no path. */
static struct slice
authority_skip(struct slice raw)
{
	size_t slash, mark;

	if (header_starts(raw, "http://"))
		raw = slice_from(raw, strlen("http://"));
	else if (header_starts(raw, "https://"))
		raw = slice_from(raw, strlen("https://"));
	else
		return raw;
	slash = index_of(raw, '/');
	mark = index_of(raw, '?');
	return slice_from(raw, slash < mark ? slash : mark);
}

static void
query_split(struct uri *u, struct slice target)
{
	size_t mark = index_of(target, '?');

	u->path = slice(target.p, mark);
	if (mark < target.n)
		u->query = slice_from(target, mark + 1);
}

/* Take the next byte off *s, which is not empty and passed raw_fault(). */
static char
byte_take(struct slice *s)
{
	char c = s->p[0];
	size_t n = 1;

	if (c == '%') {
		c = (char)(hex_value(s->p[1]) << 4 | hex_value(s->p[2]));
		n = 3;
	}
	*s = slice_from(*s, n);
	return c;
}

static char
query_byte_take(struct slice *s)
{
	bool is_plus = s->p[0] == '+';
	char c = byte_take(s);

	return is_plus ? ' ' : c;
}

/* The room was reserved, so what is there does not move. */
static struct slice
segment_decode(struct buf *room, struct slice raw)
{
	size_t start = room->n;

	while (raw.n > 0)
		buf_add_char(room, byte_take(&raw));
	return slice(room->p + start, room->n - start);
}

static void
segments_split(struct uri *u, struct buf *room)
{
	struct slice rest = slice_from(u->path, 1);
	size_t n;

	while (rest.n > 0 && u->nsegments <= URI_SEGMENTS_MAX) {
		n = index_of(rest, '/');
		u->segments[u->nsegments++] =
		    segment_decode(room, slice(rest.p, n));
		if (n == rest.n)
			return;
		rest = slice_from(rest, n + 1);
	}
	u->trailing_slash = u->path.p[u->path.n - 1] == '/';
}

enum err
uri_parse(struct uri *u, struct slice raw, struct buf *room, const char **why)
{
	struct slice target;

	*u = (struct uri){0};
	if (raw.n > URI_MAX) {
		*why =
		    "The URI is longer than the 16384 bytes that are allowed.";
		return ERR_TOO_LARGE;
	}
	if ((*why = raw_fault(raw)) != NULL)
		return ERR_INVALID;
	target = authority_skip(raw);
	query_split(u, target);
	if (u->path.n == 0 && target.p != raw.p)
		u->path = slice_str("/");
	if (u->path.n == 0 || u->path.p[0] != '/') {
		*why = "The URI must begin with /, http:// or https://.";
		return ERR_INVALID;
	}
	if (!buf_reserve(room, u->path.n + u->query.n)) {
		*why = "There is no memory left to read the URI.";
		return ERR_NO_MEMORY;
	}
	segments_split(u, room);
	u->spare = room->p + room->n;
	return ERR_OK;
}

static bool
name_is(struct slice raw, const char *name)
{
	for (; raw.n > 0 && *name != '\0'; name++)
		if (query_byte_take(&raw) != *name)
			return false;
	return raw.n == 0 && *name == '\0';
}

bool
uri_query(const struct uri *u, const char *name, struct slice *value)
{
	struct slice rest = u->query, pair;
	size_t eq;

	while (rest.n > 0) {
		pair = slice(rest.p, index_of(rest, '&'));
		rest = slice_from(rest, pair.n + (pair.n < rest.n));
		eq = index_of(pair, '=');
		if (!name_is(slice(pair.p, eq), name))
			continue;
		pair = slice_from(pair, eq + (eq < pair.n));
		*value = slice(u->spare, 0);
		while (pair.n > 0)
			u->spare[value->n++] = query_byte_take(&pair);
		return true;
	}
	return false;
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

void
uri_escape(struct buf *b, struct slice s)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char c;
	size_t i;

	for (i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if (is_unreserved(s.p[i])) {
			buf_add_char(b, s.p[i]);
			continue;
		}
		buf_add_char(b, '%');
		buf_add_char(b, digits[c >> 4]);
		buf_add_char(b, digits[c & 15]);
	}
}
