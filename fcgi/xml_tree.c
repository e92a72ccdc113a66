#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/xml_tree.h"
#include "store/hex.h"
#include "store/json.h"

#define NONE UINT32_MAX

/* The name of text among elements; it comes first in the bytes. */
static const char text_name[] = "#text";

/* Names and values are stretches of the tree's bytes. */
struct xml_node {
	uint32_t name, name_len;
	uint32_t value, value_len;
	uint32_t first, last; /* children: attributes, elements, texts */
	uint32_t next;        /* sibling */
	uint32_t same;        /* next sibling of the same name */
	bool repeats;         /* an earlier sibling has the name */
	enum xml_kind kind;
};

static bool print_value(
    const struct xml_tree *, uint32_t node, struct buf *, unsigned int depth);

void
xml_tree_fini(struct xml_tree *t)
{
	buf_fini(&t->bytes);
	free(t->nodes);
	free(t->sorted);
}

void
xml_tree_reset(struct xml_tree *t)
{
	buf_reset(&t->bytes);
	buf_add_str(&t->bytes, text_name);
	t->n = t->depth = 0;
	t->least = 0;
	t->run_counts = t->piece_counts = false;
}

static enum err
count_least(struct xml_tree *t, size_t n)
{
	t->least += n;
	if (t->least > t->max_bytes || t->bytes.n > UINT32_MAX)
		return ERR_TOO_LARGE;
	return buf_failed(&t->bytes) ? ERR_NO_MEMORY : ERR_OK;
}

static bool
hex_number(struct slice digits, uint32_t *v)
{
	size_t i;
	int digit;

	*v = 0;
	for (i = 0; i < digits.n; i++) {
		if ((digit = hex_value(digits.p[i])) < 0)
			return false;
		*v = *v << 4 | (uint32_t)digit;
	}
	return true;
}

/* The length of a leading _xHHHH_ or _xHHHHHHHH_, and what it says. */
static size_t
read_escape(struct slice name, uint32_t *v)
{
	size_t digits;

	if (!slice_starts(name, "_x"))
		return 0;
	for (digits = 4; digits <= 8; digits += 4)
		if (name.n >= digits + 3 && name.p[digits + 2] == '_' &&
		    hex_number(slice(name.p + 2, digits), v) && *v <= 0x10ffff)
			return digits + 3;
	return 0;
}

/* The same, where two of them may be one character in UTF-16. */
static size_t
read_escapes(struct slice name, uint32_t *v)
{
	size_t n = read_escape(name, v), more = 0;
	uint32_t low = 0;

	if (n > 0 && *v >= 0xd800 && *v < 0xdc00)
		more = read_escape(slice_from(name, n), &low);
	if (more > 0 && low >= 0xdc00 && low < 0xe000) {
		*v = 0x10000 + ((*v - 0xd800) << 10) + (low - 0xdc00);
		return n + more;
	}
	if (n > 0 && *v >= 0xd800 && *v < 0xe000)
		*v = 0xfffd;
	return n;
}

static void
add_utf8(struct buf *b, uint32_t v)
{
	int shift = v < 0x80 ? 0 : v < 0x800 ? 6 : v < 0x10000 ? 12 : 18;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

	buf_add_char(b, (char)(lead[shift / 6] | v >> shift));
	while ((shift -= 6) >= 0)
		buf_add_char(b, (char)(0x80 | (v >> shift & 0x3f)));
}

/* .NET's XmlConvert.DecodeName: names get no longer by it. */
static void
add_name(struct buf *b, struct slice name)
{
	uint32_t v;
	size_t n;

	while (name.n > 0) {
		if ((n = read_escapes(name, &v)) > 0) {
			add_utf8(b, v);
		} else {
			buf_add_char(b, name.p[0]);
			n = 1;
		}
		name = slice_from(name, n);
	}
}

static bool
make_room(struct xml_tree *t)
{
	uint32_t size = t->size < 64 ? 64 : t->size * 2;
	struct xml_node *nodes;

	if (t->n < t->size)
		return true;
	if ((nodes = realloc(t->nodes, size * sizeof(*nodes))) == NULL)
		return false;
	t->nodes = nodes;
	t->size = size;
	return true;
}

static void
append_child(struct xml_tree *t, uint32_t child)
{
	struct xml_node *parent = &t->nodes[t->open[t->depth - 1]];

	if (parent->first == NONE)
		parent->first = child;
	else
		t->nodes[parent->last].next = child;
	parent->last = child;
}

/* Its value is what the bytes have from value on. */
static enum err
add_node(struct xml_tree *t, struct xml_node node)
{
	if (!make_room(t))
		return ERR_NO_MEMORY;
	node.value_len = (uint32_t)(t->bytes.n - node.value);
	node.first = node.last = node.next = node.same = NONE;
	t->nodes[t->n] = node;
	if (t->depth > 0)
		append_child(t, t->n);
	t->n++;
	return ERR_OK;
}

static void
start_text(struct xml_tree *t)
{
	t->run = t->piece = t->bytes.n;
	t->run_counts = t->piece_counts = false;
}

/* Blanks that stand alone, or beside CDATA, are layout. */
static void
end_piece(struct xml_tree *t)
{
	if (!t->piece_counts)
		t->bytes.n = t->piece;
	t->run_counts = t->run_counts || t->piece_counts;
	t->piece = t->bytes.n;
	t->piece_counts = false;
}

static enum err
end_text(struct xml_tree *t)
{
	struct xml_node node = {.name_len = sizeof(text_name) - 1,
	    .value = (uint32_t)t->run,
	    .kind = XML_TEXT};
	enum err e;

	end_piece(t);
	if (!t->run_counts)
		return ERR_OK;
	if ((e = count_least(t, t->bytes.n - t->run)) != ERR_OK)
		return e;
	return add_node(t, node);
}

enum err
xml_tree_open(struct xml_tree *t, struct slice name)
{
	struct xml_node node = {.kind = XML_NOTHING};
	enum err e;

	assert(t->depth < XML_TREE_MAX_DEPTH);
	if (t->depth > 0 && (e = end_text(t)) != ERR_OK)
		return e;
	node.name = (uint32_t)t->bytes.n;
	add_name(&t->bytes, name);
	node.name_len = (uint32_t)(t->bytes.n - node.name);
	node.value = (uint32_t)t->bytes.n;
	/* Two bytes of value, and a comma or a bracket, at the very least. */
	if ((e = count_least(t, t->depth > 0 ? 3 : 0)) != ERR_OK ||
	    (e = add_node(t, node)) != ERR_OK)
		return e;
	t->open[t->depth++] = t->n - 1;
	start_text(t);
	return ERR_OK;
}

enum err
xml_tree_add_attribute(
    struct xml_tree *t, struct slice name, struct slice value)
{
	struct xml_node node = {.kind = XML_TEXT};
	enum err e;

	node.name = (uint32_t)t->bytes.n;
	buf_add_char(&t->bytes, '@');
	add_name(&t->bytes, name);
	node.name_len = (uint32_t)(t->bytes.n - node.name);
	node.value = (uint32_t)t->bytes.n;
	buf_add_slice(&t->bytes, value);
	if ((e = count_least(t, value.n + 3)) != ERR_OK)
		return e;
	e = add_node(t, node);
	start_text(t);
	return e;
}

enum err
xml_tree_add_text(struct xml_tree *t, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n && !t->piece_counts; i++)
		t->piece_counts = strchr(" \t\r\n", text.p[i]) == NULL;
	buf_add_slice(&t->bytes, text);
	return count_least(t, 0);
}

enum err
xml_tree_add_cdata(struct xml_tree *t, struct slice text)
{
	end_piece(t);
	buf_add_slice(&t->bytes, text);
	t->piece_counts = text.n > 0;
	end_piece(t);
	return count_least(t, 0);
}

static struct slice
name_of(const struct xml_tree *t, uint32_t i)
{
	return slice(t->bytes.p + t->nodes[i].name, t->nodes[i].name_len);
}

static struct slice
value_of(const struct xml_tree *t, uint32_t i)
{
	return slice(t->bytes.p + t->nodes[i].value, t->nodes[i].value_len);
}

/* By name, then by place in the document. */
static int
compare(const void *a, const void *b, void *tree)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	struct slice x = name_of(tree, i), y = name_of(tree, j);
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	if (order != 0)
		return order;
	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return (i > j) - (i < j);
}

static bool
make_room_to_sort(struct xml_tree *t, uint32_t n)
{
	uint32_t *sorted;

	if (n <= t->sorted_size)
		return true;
	if ((sorted = realloc(t->sorted, n * sizeof(*sorted))) == NULL)
		return false;
	t->sorted = sorted;
	t->sorted_size = n;
	return true;
}

static enum err
link_same_names(struct xml_tree *t, uint32_t parent)
{
	uint32_t i, n = 0;

	for (i = t->nodes[parent].first; i != NONE; i = t->nodes[i].next)
		n++;
	if (!make_room_to_sort(t, n))
		return ERR_NO_MEMORY;
	n = 0;
	for (i = t->nodes[parent].first; i != NONE; i = t->nodes[i].next)
		t->sorted[n++] = i;
	qsort_r(t->sorted, n, sizeof(*t->sorted), compare, t);
	for (i = 1; i < n; i++) {
		if (!slice_eq(
			name_of(t, t->sorted[i - 1]), name_of(t, t->sorted[i])))
			continue;
		t->nodes[t->sorted[i - 1]].same = t->sorted[i];
		t->nodes[t->sorted[i]].repeats = true;
	}
	return ERR_OK;
}

/* An element that has one text and nothing else is that text. */
static void
become_text(struct xml_tree *t, struct xml_node *node)
{
	node->kind = XML_TEXT;
	node->value = t->nodes[node->first].value;
	node->value_len = t->nodes[node->first].value_len;
	node->first = node->last = NONE;
	t->n--;
}

enum err
xml_tree_close(struct xml_tree *t)
{
	struct xml_node *node;
	enum err e;

	assert(t->depth > 0);
	if ((e = end_text(t)) != ERR_OK)
		return e;
	start_text(t);
	t->depth--;
	node = &t->nodes[t->open[t->depth]];
	if (node->first == NONE)
		return ERR_OK;
	if (node->first == node->last && t->nodes[node->first].name == 0) {
		become_text(t, node);
		return ERR_OK;
	}
	node->kind = XML_OBJECT;
	return link_same_names(t, t->open[t->depth]);
}

enum xml_kind
xml_tree_kind(const struct xml_tree *t)
{
	return t->nodes[0].kind;
}

struct slice
xml_tree_text(const struct xml_tree *t)
{
	return value_of(t, 0);
}

static bool
print_array(
    const struct xml_tree *t, uint32_t i, struct buf *out, unsigned int depth)
{
	char separator = '[';

	if (depth == JSON_DEPTH_MAX)
		return false;
	for (; i != NONE; i = t->nodes[i].same) {
		buf_add_char(out, separator);
		separator = ',';
		if (!print_value(t, i, out, depth + 1))
			return false;
	}
	buf_add_char(out, ']');
	return true;
}

static bool
print_member(
    const struct xml_tree *t, uint32_t i, struct buf *out, unsigned int depth)
{
	json_quote(out, name_of(t, i));
	buf_add_char(out, ':');
	if (t->nodes[i].same != NONE)
		return print_array(t, i, out, depth);
	return print_value(t, i, out, depth);
}

static bool
print_object(
    const struct xml_tree *t, uint32_t i, struct buf *out, unsigned int depth)
{
	char separator = '{';

	if (depth == JSON_DEPTH_MAX)
		return false;
	for (i = t->nodes[i].first; i != NONE; i = t->nodes[i].next) {
		if (t->nodes[i].repeats)
			continue;
		buf_add_char(out, separator);
		separator = ',';
		if (!print_member(t, i, out, depth + 1))
			return false;
	}
	buf_add_char(out, '}');
	return true;
}

static bool
print_value(
    const struct xml_tree *t, uint32_t i, struct buf *out, unsigned int depth)
{
	switch (t->nodes[i].kind) {
	case XML_NOTHING:
		buf_add_str(out, "null");
		break;
	case XML_TEXT:
		json_quote(out, value_of(t, i));
		break;
	case XML_OBJECT:
		return print_object(t, i, out, depth);
	}
	return true;
}

bool
xml_tree_print(const struct xml_tree *t, struct buf *out)
{
	return print_value(t, 0, out, 0);
}
