#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/conf_text.h"

#define HEX_DIGITS "0123456789abcdefABCDEF"
#define ALNUM                                  \
	"0123456789abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool
conf_text_is_plain(struct slice text)
{
	size_t i;

	if (text.n == 0 || text.n > CONF_TEXT_MAX)
		return false;
	for (i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	return true;
}

/* Past a host name or address, or NULL when there is none. */
static const char *
skip_host(const char *p)
{
	size_t n;

	if (*p == '[') {
		n = strspn(p + 1, HEX_DIGITS ":.");
		return n > 0 && p[n + 1] == ']' ? p + n + 2 : NULL;
	}
	n = strspn(p, ALNUM "-._");
	return n > 0 ? p + n : NULL;
}

/* Past a port, if there is one; NULL when it is none. */
static const char *
skip_port(const char *p)
{
	size_t n;
	int port;

	if (*p != ':')
		return p;
	n = strspn(++p, "0123456789");
	if (n == 0 || n > 5)
		return NULL;
	port = (int)strtol(p, NULL, 10);
	return port >= 1 && port <= 65535 ? p + n : NULL;
}

/* Nothing, or a path of RFC 3986 that does not end in a slash. */
static bool
is_path(const char *p)
{
	size_t n = strlen(p);

	if (n == 0)
		return true;
	if (*p != '/' || p[n - 1] == '/')
		return false;
	while (*(p += strspn(p, ALNUM "-._~!$&'()*+,;=:@/")) == '%') {
		if (strspn(p + 1, HEX_DIGITS) < 2)
			return false;
		p += 3;
	}
	return *p == '\0';
}

bool
conf_text_is_url(const char *url)
{
	const char *p = NULL;

	if (strncmp(url, "http://", 7) == 0)
		p = skip_host(url + 7);
	else if (strncmp(url, "https://", 8) == 0)
		p = skip_host(url + 8);
	return p != NULL && (p = skip_port(p)) != NULL && is_path(p);
}

bool
conf_text_is_host(const char *name)
{
	const char *end = skip_host(name);

	return end != NULL && *end == '\0';
}

bool
conf_text_is_address(const char *text, struct slice *host, uint16_t *port)
{
	const char *end = skip_host(text), *past;

	if (end == NULL || *end != ':' || (past = skip_port(end)) == NULL ||
	    *past != '\0')
		return false;
	*host = slice(text, (size_t)(end - text));
	if (*text == '[')
		*host = slice(text + 1, host->n - 2);
	*port = (uint16_t)strtol(end + 1, NULL, 10);
	return true;
}
