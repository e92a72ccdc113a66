#include "config.h"

#include <string.h>
#include <uuid/uuid.h>

#include "store/guid.h"
#include "store/hex.h"

#define GUID_HEX_LEN 32

static bool
is_hyphen_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* text without the braces or parentheses that may stand around it. */
static struct slice
unwrap(struct slice text)
{
	if (text.n < 2)
		return text;
	if ((text.p[0] == '{' && text.p[text.n - 1] == '}') ||
	    (text.p[0] == '(' && text.p[text.n - 1] == ')'))
		return slice(text.p + 1, text.n - 2);
	return text;
}

bool
guid_parse(struct guid *g, struct slice text)
{
	struct guid out = {{0}};
	size_t i, digits = 0;
	int v;

	text = unwrap(text);
	if (text.n != GUID_TEXT_LEN && text.n != GUID_HEX_LEN)
		return false;
	for (i = 0; i < text.n; i++) {
		if (text.n == GUID_TEXT_LEN && is_hyphen_place(i)) {
			if (text.p[i] != '-')
				return false;
			continue;
		}
		if ((v = hex_value(text.p[i])) < 0)
			return false;
		out.b[digits / 2] = (unsigned char)(out.b[digits / 2] << 4 | v);
		digits++;
	}
	*g = out;
	return true;
}

void
guid_print(char out[GUID_TEXT_LEN + 1], const struct guid *g)
{
	static const char hex[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; i < sizeof(g->b); i++) {
		if (is_hyphen_place(n))
			out[n++] = '-';
		out[n++] = hex[g->b[i] >> 4];
		out[n++] = hex[g->b[i] & 15];
	}
	out[n] = '\0';
}

bool
guid_is_zero(const struct guid *g)
{
	static const struct guid zero;

	return guid_cmp(g, &zero) == 0;
}

int
guid_cmp(const struct guid *a, const struct guid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

void
guid_random(struct guid *g)
{
	uuid_generate_random(g->b);
}

void
guid_from_name(struct guid *g, struct slice name)
{
	/* The namespace is one of our own, made once at random. */
	static const uuid_t space = {0x5b, 0x0d, 0x6c, 0x61, 0x8e, 0x0c, 0x4f,
	    0x7b, 0x9b, 0x3c, 0x53, 0x0a, 0x61, 0x77, 0x2e, 0x90};

	uuid_generate_sha1(g->b, space, name.p, name.n);
}
