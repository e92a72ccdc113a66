#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "fcgi/etag.h"
#include "fcgi/header.h"
#include "store/buf.h"

#define HASH_TEXT_SIZE 12 /* "-2147483648" and its NUL */

int32_t
etag_hash(const char *name)
{
	uint32_t h1 = 5381, h2 = 5381;

	for (; *name != '\0'; name += 2) {
		h1 = ((h1 << 5) + h1) ^ (unsigned char)name[0];
		if (name[1] == '\0')
			break;
		h2 = ((h2 << 5) + h2) ^ (unsigned char)name[1];
	}
	return (int32_t)(h1 + h2 * 1566083941u);
}

void
etag_print(
    struct buf *b, int64_t position, struct media_choice choice, bool quoted)
{
	if (quoted)
		buf_add_char(b, '"');
	buf_add_int(b, position);
	buf_add_char(b, ';');
	buf_add_int(b, etag_hash(media_name(choice)));
	if (quoted)
		buf_add_char(b, '"');
}

static struct slice
unquote(struct slice s)
{
	while (s.n > 0 && s.p[0] == '"')
		s = slice_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == '"')
		s.n--;
	return s;
}

bool
etag_matches(
    struct slice if_none_match, int64_t position, struct media_choice choice)
{
	struct slice tag = unquote(header_trim(if_none_match)), number;
	const char *semicolon = tag.n == 0 ? NULL : memchr(tag.p, ';', tag.n);
	char hash[HASH_TEXT_SIZE];
	int64_t v;

	if (semicolon == NULL)
		return false;
	number = slice(tag.p, (size_t)(semicolon - tag.p));
	snprintf(hash, sizeof(hash), "%" PRId32, etag_hash(media_name(choice)));
	return slice_is(slice_from(tag, number.n + 1), hash) &&
	       header_int64(number, &v) && v == position;
}
