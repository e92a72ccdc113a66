#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "fcgi/xml_out.h"
#include "store/json.h"
#include "store/json_string.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What the converter of the reference calls members that begin with $. */
#define JSON_NAMESPACE \
	" xmlns:json=\"http://james.newtonking.com/projects/json\""

/* The length of the UTF-8 character at p, or 0 if it is none. */
static size_t
char_len(const char *p, size_t left)
{
	unsigned char c = (unsigned char)p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= left && json_utf8_valid(slice(p, n)) ? n : 0;
}

/* The code point of a character that char_len() has measured. */
static unsigned int
code_point(const char *p, size_t n)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned int c = (unsigned char)p[0] & masks[n];
	size_t i;

	for (i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* The Char production of XML 1.0. */
static bool
is_char(unsigned int c)
{
	return c == '\t' || c == '\n' || c == '\r' ||
	       (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

/* NULL: the character stands for itself. */
static const char *
reference(unsigned int c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#xD;";
	default:
		return NULL;
	}
}

static void
add_char(struct buf *b, const char *p, size_t n)
{
	unsigned int c = code_point(p, n);
	const char *name = reference(c);

	if (name != NULL)
		buf_add_str(b, name);
	else if (is_char(c))
		buf_add(b, p, n);
	else
		buf_add_str(b, REPLACEMENT);
}

/* Those of ASCII that stand for themselves. */
static const bool plain_bytes[256] = {
    ['\t' ... '\n'] = true,
    [' ' ... '!'] = true,
    ['#' ... '%'] = true,
    ['\'' ... ';'] = true,
    ['='] = true,
    ['?' ... 0x7f] = true,
};

static size_t
count_plain(struct slice s)
{
	size_t n = 0;

	while (n < s.n && plain_bytes[(unsigned char)s.p[n]])
		n++;
	return n;
}

/* What s begins with; returned is how long it is. */
static size_t
add_special(struct buf *b, struct slice s)
{
	size_t n = char_len(s.p, s.n);

	if (n > 0) {
		add_char(b, s.p, n);
		return n;
	}
	buf_add_str(b, REPLACEMENT);
	return 1;
}

void
xml_out_text(struct buf *b, struct slice s)
{
	size_t n = count_plain(s);

	buf_add(b, s.p, n);
	while (n < s.n) {
		s = slice_from(s, n);
		s = slice_from(s, add_special(b, s));
		n = count_plain(s);
		buf_add(b, s.p, n);
	}
}

void
xml_out_element(struct buf *b, const char *name, struct slice text)
{
	buf_add_char(b, '<');
	buf_add_str(b, name);
	buf_add_char(b, '>');
	xml_out_text(b, text);
	buf_add_str(b, "</");
	buf_add_str(b, name);
	buf_add_char(b, '>');
}

/* A part of the NameStartChar and NameChar productions that is enough. */
static bool
may_stand(unsigned int c, bool first)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_')
		return true;
	if ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == 0xb7)
		return !first;
	return c >= 0xc0 && c != 0xd7 && c != 0xf7 &&
	       !(c >= 0x300 && c <= 0x36f) && c != 0x37e &&
	       (c < 0x2000 || (c >= 0x3001 && c <= 0xd7ff));
}

/* An underscore that would read as the beginning of an escape. */
static bool
looks_escaped(struct slice s, size_t i)
{
	size_t k;

	if (s.n - i < 7 || s.p[i] != '_' || s.p[i + 1] != 'x' ||
	    s.p[i + 6] != '_')
		return false;
	for (k = i + 2; k < i + 6; k++)
		if (strchr("0123456789abcdefABCDEF", s.p[k]) == NULL)
			return false;
	return true;
}

void
xml_out_name(struct buf *b, struct slice s)
{
	unsigned int c;
	size_t i, n;

	if (s.n == 0)
		buf_add_str(b, "_x0000_"); /* there is no empty name */
	for (i = 0; i < s.n; i += n) {
		n = char_len(s.p + i, s.n - i);
		c = n == 0 ? 0xfffd : code_point(s.p + i, n);
		n = n == 0 ? 1 : n;
		if (may_stand(c, i == 0) && !looks_escaped(s, i))
			buf_add(b, s.p + i, n);
		else if (c > 0xffff)
			buf_printf(b, "_x%08X_", c);
		else
			buf_printf(b, "_x%04X_", c);
	}
}

static bool
is_plain(const struct json_value *v)
{
	return v->kind != JSON_OBJECT && v->kind != JSON_ARRAY;
}

static void
add_scalar(struct buf *b, const struct json_value *v)
{
	struct buf text = {.limit = b->limit};

	if (v->kind == JSON_STRING) {
		json_unescape(&text, v->text);
		xml_out_text(b, buf_slice(&text));
	} else if (v->kind != JSON_NULL) {
		buf_add_slice(b, v->text);
	}
	buf_fini_part(&text, b);
}

/*
 * A member's name as it reads.  Those of attributes are without their mark,
 * and may not be xmlns or the like, which would change what is around them.
 */
struct member {
	struct buf name;
	struct json_value value;
	char mark; /* '@', '$' or 0: an element */
};

/* What is printed fails if memory does not suffice for the name. */
static void
read_member(
    struct buf *b, struct member *m, struct slice raw, struct json_value v)
{
	struct slice s;

	buf_reset(&m->name);
	json_unescape(&m->name, slice(raw.p - 1, raw.n + 2));
	buf_fail_with(b, &m->name);
	m->value = v;
	m->mark = 0;
	s = buf_slice(&m->name);
	if (s.n < 2 || (s.p[0] != '@' && s.p[0] != '$') || !is_plain(&v) ||
	    slice_starts(slice_from(s, 1), "xml"))
		return;
	m->mark = s.p[0];
}

/* An attribute's name, and which attribute of its object it is of. */
struct attribute {
	const char *name;
	uint32_t name_len, at;
};

/* To find those whose name came before: XML may have one of a name. */
struct attributes {
	struct buf names;    /* one behind the other */
	struct buf list;     /* of struct attribute */
	struct buf repeated; /* a byte each: 1 if it is */
	uint32_t n;
};

static void
collect_attributes(
    struct buf *b, struct attributes *as, struct json_value object)
{
	struct member m = {.name = {0}};
	struct json_iter it;
	struct json_value v;
	struct slice raw;

	json_iter_init(&it, object);
	while (json_iter_member(&it, &raw, &v)) {
		read_member(b, &m, raw, v);
		if (m.mark != 0) {
			struct attribute a = {
			    NULL, (uint32_t)m.name.n, as->n++};

			buf_add_slice(&as->names, buf_slice(&m.name));
			buf_add(&as->list, &a, sizeof(a));
			buf_add_char(&as->repeated, 0);
		}
	}
	buf_fini_part(&m.name, b);
	buf_fail_with(b, &as->names);
	buf_fail_with(b, &as->list);
	buf_fail_with(b, &as->repeated);
}

static bool
is_same_name(const struct attribute *a, const struct attribute *b)
{
	return slice_eq(
	    slice(a->name, a->name_len), slice(b->name, b->name_len));
}

/* By name, then in their order. */
static int
compare_attributes(const void *one, const void *other)
{
	const struct attribute *a = one, *b = other;
	uint32_t least = a->name_len < b->name_len ? a->name_len : b->name_len;
	int c = memcmp(a->name, b->name, least);

	if (c != 0)
		return c;
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* Sorted: an object may have as many as a body has room for. */
static void
find_repeated(struct attributes *as)
{
	struct attribute *list = (struct attribute *)(void *)as->list.p;
	const char *name = as->names.p;
	uint32_t i;

	for (i = 0; i < as->n; i++) {
		list[i].name = name;
		name += list[i].name_len;
	}
	qsort(list, as->n, sizeof(*list), compare_attributes);
	for (i = 1; i < as->n; i++)
		as->repeated.p[list[i].at] =
		    is_same_name(&list[i], &list[i - 1]);
}

static void
add_attribute(struct buf *b, const struct member *m, bool *has_namespace)
{
	if (m->mark == '$' && !*has_namespace) {
		buf_add_str(b, JSON_NAMESPACE);
		*has_namespace = true;
	}
	buf_add_str(b, m->mark == '$' ? " json:" : " ");
	xml_out_name(b, slice_from(buf_slice(&m->name), 1));
	buf_add_str(b, "=\"");
	add_scalar(b, &m->value);
	buf_add_char(b, '"');
}

static void
add_first_attributes(
    struct buf *b, const struct attributes *as, struct json_value object)
{
	struct member m = {.name = {0}};
	bool has_namespace = false;
	struct json_iter it;
	struct json_value v;
	struct slice raw;
	uint32_t i = 0;

	json_iter_init(&it, object);
	while (i < as->n && json_iter_member(&it, &raw, &v)) {
		read_member(b, &m, raw, v);
		if (m.mark != 0 && as->repeated.p[i++] == 0)
			add_attribute(b, &m, &has_namespace);
	}
	buf_fini_part(&m.name, b);
}

static void
add_attributes(struct buf *b, struct json_value object)
{
	struct attributes as = {.n = 0};

	collect_attributes(b, &as, object);
	if (as.n > 0 && !buf_failed(b)) {
		find_repeated(&as);
		add_first_attributes(b, &as, object);
	}
	buf_fini(&as.names);
	buf_fini(&as.list);
	buf_fini(&as.repeated);
}

/* What stands between the elements of an element that has both. */
static bool
is_text(const struct member *m)
{
	struct json_iter it;
	struct json_value item;

	if (!slice_is(buf_slice(&m->name), "#text"))
		return false;
	if (m->value.kind != JSON_ARRAY)
		return is_plain(&m->value);
	json_iter_init(&it, m->value);
	while (json_iter_next(&it, &item))
		if (!is_plain(&item))
			return false;
	return true;
}

static void
add_text(struct buf *b, struct json_value v)
{
	struct json_iter it;
	struct json_value item;

	if (v.kind != JSON_ARRAY) {
		add_scalar(b, &v);
		return;
	}
	json_iter_init(&it, v);
	while (json_iter_next(&it, &item))
		add_scalar(b, &item);
}

static void add_value(
    struct buf *, struct slice name, const char *attributes, struct json_value);

static void
add_members(struct buf *b, struct json_value object)
{
	struct member m = {.name = {0}};
	struct buf name = {0};
	struct json_iter it;
	struct json_value v;
	struct slice raw;

	json_iter_init(&it, object);
	while (json_iter_member(&it, &raw, &v)) {
		read_member(b, &m, raw, v);
		if (m.mark != 0)
			continue;
		if (is_text(&m)) {
			add_text(b, v);
			continue;
		}
		buf_reset(&name);
		xml_out_name(&name, buf_slice(&m.name));
		buf_fail_with(b, &name);
		add_value(b, buf_slice(&name), "", v);
	}
	buf_fini_part(&name, b);
	buf_fini_part(&m.name, b);
}

/* One element; name is fit for XML. */
static void
add_element(struct buf *b, struct slice name, const char *attributes,
    struct json_value v)
{
	size_t before;

	buf_add_char(b, '<');
	buf_add_slice(b, name);
	buf_add_str(b, attributes);
	if (v.kind == JSON_OBJECT)
		add_attributes(b, v);
	buf_add_char(b, '>');
	before = b->n;
	if (v.kind == JSON_OBJECT)
		add_members(b, v);
	else if (v.kind == JSON_ARRAY)
		add_value(b, name, "", v);
	else
		add_scalar(b, &v);
	if (b->n == before && v.kind != JSON_STRING && !buf_failed(b)) {
		b->n--; /* the reference closes what is empty like this */
		buf_add_str(b, " />");
		return;
	}
	buf_add_str(b, "</");
	buf_add_slice(b, name);
	buf_add_char(b, '>');
}

/*
 * An array's items each become an element; in that of an item that is an
 * array, its items do under the same name.  JSON_DEPTH_MAX bounds this.
 */
static void
add_value(struct buf *b, struct slice name, const char *attributes,
    struct json_value v)
{
	struct json_iter it;
	struct json_value item;

	if (v.kind != JSON_ARRAY) {
		add_element(b, name, attributes, v);
		return;
	}
	json_iter_init(&it, v);
	while (json_iter_next(&it, &item))
		add_element(b, name, attributes, item);
}

void
xml_out_json(
    struct buf *b, const char *name, const char *attributes, struct slice json)
{
	struct json_value v;

	if (json_parse(&v, json, NULL))
		add_value(b, slice_str(name), attributes, v);
}
