#include "config.h"

#include <arpa/inet.h>
#include <stdbool.h>

#include "fcgi/base_url.h"
#include "fcgi/header.h"
#include "store/buf.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443
#define HOST_MAX   253 /* bytes of a name in the DNS */
#define PREFIX_MAX 256

struct base {
	bool is_https;
	struct slice host;
	int64_t port; /* 0: the scheme's own */
	struct slice prefix;
};

static bool
is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* s consists of letters, digits and the others. */
static bool
consists_of(struct slice s, const char *others)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) &&
		    (s.p[i] == '\0' || strchr(others, s.p[i]) == NULL))
			return false;
	return true;
}

/* s is the inside of [...], an IPv6 address. */
static bool
is_ipv6(struct slice s)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr addr;

	if (s.n >= sizeof(text) || !consists_of(s, ":."))
		return false;
	memcpy(text, s.p, s.n);
	return inet_pton(AF_INET6, text, &addr) == 1;
}

/* The length of the host that s begins with, or 0. */
static size_t
host_len(struct slice s)
{
	char end = s.n > 0 && s.p[0] == '[' ? ']' : ':';
	const char *at = s.n == 0 ? NULL : memchr(s.p, end, s.n);
	size_t n = at == NULL ? s.n : (size_t)(at - s.p);

	if (end == ']')
		return n < s.n && is_ipv6(slice(s.p + 1, n - 1)) ? n + 1 : 0;
	return n <= HOST_MAX && consists_of(slice(s.p, n), "-._") ? n : 0;
}

static bool
port_read(struct slice s, int64_t *port)
{
	int64_t v;

	if (!header_positive(s, &v) || v > UINT16_MAX)
		return false;
	*port = v;
	return true;
}

/* Take over host[:port]; a port that is not there is left as it was. */
static bool
authority_read(struct base *b, struct slice s)
{
	size_t n = host_len(s);

	if (n == 0)
		return false;
	if (n < s.n && s.p[n] != ':')
		return false;
	if (n + 1 < s.n && !port_read(slice_from(s, n + 1), &b->port))
		return false;
	b->host = slice(s.p, n);
	return true;
}

/* The characters of a path, but for quotes. */
static void
prefix_read(struct base *b, struct slice s)
{
	if (s.n > PREFIX_MAX || !consists_of(s, "-._~%!$&()*+,;=:@/"))
		return;
	while (s.n > 0 && s.p[0] == '/')
		s = slice_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	b->prefix = s;
}

static bool
configured_read(struct base *b, struct slice url)
{
	const char *slash;
	size_t n;

	if (!header_starts(url, "http://") && !header_starts(url, "https://"))
		return false;
	b->is_https = header_starts(url, "https");
	url = slice_from(url, strlen(b->is_https ? "https://" : "http://"));
	slash = url.n == 0 ? NULL : memchr(url.p, '/', url.n);
	n = slash == NULL ? url.n : (size_t)(slash - url.p);
	if (!authority_read(b, slice(url.p, n)))
		return false;
	prefix_read(b, slice_from(url, n));
	return true;
}

static bool
origin_read(struct base *b, const struct base_url_in *in)
{
	b->is_https = header_is(header_trim(in->scheme), "https");
	if (authority_read(b, header_trim(in->host)))
		return true;
	return configured_read(b, header_trim(in->configured));
}

/* A Host of X-Forwarded-Host may be a list; the first is the client's. */
static struct slice
list_first(struct slice s)
{
	const char *comma = s.n == 0 ? NULL : memchr(s.p, ',', s.n);

	if (comma != NULL)
		s.n = (size_t)(comma - s.p);
	return header_trim(s);
}

/* In the contract's order: a port in X-Forwarded-Host wins. */
static bool
forwarded_read(struct base *b, const struct base_url_in *in)
{
	struct slice proto = header_trim(in->forwarded_proto);
	bool is_known;

	port_read(header_trim(in->forwarded_port), &b->port);
	if (header_is(proto, "http") || header_is(proto, "https"))
		b->is_https = header_is(proto, "https");
	is_known = authority_read(b, list_first(in->forwarded_host));
	if (in->forwarded_prefix.n > 0)
		prefix_read(b, header_trim(in->forwarded_prefix));
	return is_known;
}

void
base_url_print(struct buf *out, const struct base_url_in *in)
{
	struct base b = {0};
	bool has_origin = origin_read(&b, in);

	if (!forwarded_read(&b, in) && !has_origin)
		return;
	buf_add_str(out, b.is_https ? "https://" : "http://");
	buf_add_slice(out, b.host);
	if (b.port != 0 && b.port != (b.is_https ? PORT_HTTPS : PORT_HTTP)) {
		buf_add_char(out, ':');
		buf_add_int(out, b.port);
	}
	if (b.prefix.n > 0) {
		buf_add_char(out, '/');
		buf_add_slice(out, b.prefix);
	}
}
