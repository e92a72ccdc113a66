#include "config.h"

#include <string.h>

#include "fcgi/basic.h"
#include "fcgi/header.h"

bool
basic_parse(struct basic *b, struct slice header)
{
	struct base64_decode_ctx ctx;
	size_t n = sizeof(b->text);
	const char *colon;

	if (!header_starts(header, "Basic "))
		return false;
	header = header_trim(slice_from(header, sizeof("Basic ") - 1));
	if (BASE64_DECODE_LENGTH(header.n) > sizeof(b->text))
		return false;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, b->text, header.n, header.p) ||
	    !base64_decode_final(&ctx))
		return false;
	if ((colon = memchr(b->text, ':', n)) == NULL)
		return false;
	b->login = slice(b->text, (size_t)(colon - (char *)b->text));
	b->password = slice(colon + 1, n - b->login.n - 1);
	return true;
}

void
basic_wipe(struct basic *b)
{
	explicit_bzero(b, sizeof(*b));
}
