#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "store/json_string.h"

static size_t
utf8_print(char u[4], uint32_t c)
{
	size_t i, n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (i = n - 1; i > 0; i--, c >>= 6)
		u[i] = (char)(0x80 | (c & 0x3f));
	u[0] = (char)(leads[n] | c);
	return n;
}

static uint32_t
hex4(const char *p)
{
	char digits[5] = {p[0], p[1], p[2], p[3], '\0'};

	return (uint32_t)strtoul(digits, NULL, 16);
}

/* What the escape at *p says; *p moves past it. */
static uint32_t
take_escape(const char **p, const char *end)
{
	static const char letters[] = "\"\\/bfnrt", said[] = "\"\\/\b\f\n\r\t";
	const char *at = *p + 1;
	uint32_t high, low = 0;

	*p += 2;
	if (*at != 'u')
		return (uint32_t)said[strchr(letters, *at) - letters];
	*p += 4;
	high = hex4(at + 1);
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (end - *p >= 6 && memcmp(*p, "\\u", 2) == 0)
		low = hex4(*p + 2);
	if (high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*p += 6;
	return 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
}

void
json_unescape(struct buf *b, struct slice text)
{
	const char *p = text.p + 1, *end = text.p + text.n - 1, *escape;
	char u[4];

	while ((escape = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		buf_add(b, p, (size_t)(escape - p));
		p = escape;
		buf_add(b, u, utf8_print(u, take_escape(&p, end)));
	}
	buf_add(b, p, (size_t)(end - p));
}

/* strncmp or strncasecmp; NULs are among what it compares only alone. */
typedef int compare_f(const char *, const char *, size_t);

static bool
says_with_escapes(struct slice raw, struct slice utf8, compare_f *compare)
{
	const char *p = raw.p, *end = p + raw.n;
	char u[4];
	size_t n;

	for (; p < end; utf8 = slice_from(utf8, n)) {
		n = 1;
		if (*p == '\\')
			n = utf8_print(u, take_escape(&p, end));
		else
			u[0] = *p++;
		if (utf8.n < n || compare(utf8.p, u, n) != 0)
			return false;
	}
	return utf8.n == 0;
}

static bool
says(struct slice raw, struct slice utf8, compare_f *compare)
{
	if (raw.n > 0 && memchr(raw.p, '\\', raw.n) != NULL)
		return says_with_escapes(raw, utf8, compare);
	return raw.n == utf8.n &&
	       (raw.n == 0 || compare(raw.p, utf8.p, raw.n) == 0);
}

bool
json_says(struct slice raw, struct slice utf8)
{
	return says(raw, utf8, strncmp);
}

bool
json_says_in_any_case(struct slice raw, struct slice utf8)
{
	return says(raw, utf8, strncasecmp);
}
