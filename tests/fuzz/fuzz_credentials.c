#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/basic.h"
#include "fcgi/header.h"
#include "fcgi/trusted.h"
#include "store/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define TEXT_MAX 4096

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Encoded again it is what was sent, but for blanks. */
static void
check_letters(const struct basic *b, struct slice header)
{
	const char *text = (const char *)b->text, *p;
	size_t n = b->login.n + 1 + b->password.n;
	char again[BASE64_ENCODE_RAW_LENGTH(sizeof(b->text))], *q = again;

	assert(b->login.p == text && b->password.p == text + b->login.n + 1);
	assert(n <= sizeof(b->text) && text[b->login.n] == ':');
	assert(memchr(b->login.p, ':', b->login.n) == NULL);
	base64_encode_raw(again, n, b->text);
	for (p = header.p + 6; p < header.p + header.n; p++) {
		if (is_blank(*p))
			continue;
		assert(q < again + BASE64_ENCODE_RAW_LENGTH(n) && *q == *p);
		q++;
	}
	assert(q == again + BASE64_ENCODE_RAW_LENGTH(n));
}

/* What is encoded is read, whatever its bytes. */
static void
check_round_trip(struct slice s)
{
	char header[6 + BASE64_ENCODE_RAW_LENGTH(BASIC_MAX)] = "bAsIc ";
	size_t n = s.n < BASIC_MAX ? s.n : BASIC_MAX;
	struct basic b;
	bool has_colon = memchr(s.p, ':', n) != NULL;

	base64_encode_raw(header + 6, n, (const uint8_t *)s.p);
	assert(basic_parse(&b, slice(header, 6 + BASE64_ENCODE_RAW_LENGTH(
						     n))) == has_colon);
	assert(!has_colon || memcmp(b.text, s.p, n) == 0);
	basic_wipe(&b);
}

/* A trusted login is not empty, nor is a group; the login is the first role. */
static void
check_trusted(struct slice s)
{
	struct identity *who = NULL;
	struct slice role;
	size_t i;

	if (trusted_parse(&who, s) != ERR_OK)
		return;
	assert(identity_login(who).n > 0);
	for (i = 1; identity_role(who, i, &role); i++)
		assert(role.n > 0 && memchr(role.p, ',', role.n) == NULL);
	identity_free(&who);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice(n == 0 ? "" : (const char *)data, n);
	struct basic b;

	if (n > TEXT_MAX)
		return 0;
	if (basic_parse(&b, s))
		check_letters(&b, s);
	basic_wipe(&b);
	check_round_trip(s);
	check_trusted(s);
	return 0;
}
