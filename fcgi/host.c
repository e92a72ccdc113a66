#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "fcgi/header.h"
#include "fcgi/host.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/conf.h"
#include "store/log.h"

/* The name in name[:port]; of [address]:port the part in brackets. */
static struct slice
without_port(struct slice host)
{
	const char *end;

	if (host.n > 0 && host.p[0] == '[')
		end = memchr(host.p, ']', host.n);
	else
		end = host.n == 0 ? NULL : memchr(host.p, ':', host.n);
	if (end == NULL)
		return host;
	return slice(host.p, (size_t)(end - host.p) + (*end == ']' ? 1 : 0));
}

static bool
is_address(struct slice name)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (name.n > 0 && name.p[0] == '[')
		return true; /* base_url takes nothing else in brackets */
	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1;
}

/* The host of the configured url, which conf has checked. */
static struct slice
host_of_url(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return without_port(slice(host, strcspn(host, "/")));
}

static bool
same_name(struct slice a, struct slice b)
{
	char name[256];

	if (b.n >= sizeof(name))
		return false;
	memcpy(name, b.p, b.n);
	name[b.n] = '\0';
	return header_is(a, name);
}

bool
host_is_known(const struct conf *conf, struct slice host)
{
	struct slice name = without_port(header_trim(host));
	size_t i;

	if (is_address(name) || header_is(name, "localhost") ||
	    same_name(name, host_of_url(conf->url)))
		return true;
	for (i = 0; i < conf->nhosts; i++)
		if (strcmp(conf->hosts[i], "*") == 0 ||
		    header_is(name, conf->hosts[i]))
			return true;
	return false;
}

bool
host_check(struct request *r)
{
	char why[LOG_QUOTE_SIZE + 80], quoted[LOG_QUOTE_SIZE];
	struct slice host = request_header(r, HEADER_HOST);

	if (!request_has(r, HEADER_HOST) ||
	    host_is_known(r->server->conf, host))
		return true;
	snprintf(why, sizeof(why),
	    "This node does not go by the name %s: add it to \"hosts\" in "
	    "rill.json.",
	    log_quote(quoted, host));
	reply_refuse_why(&r->reply, 400, "Bad Request (Invalid host)", why);
	return false;
}
