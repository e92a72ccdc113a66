#include "config.h"

#include <string.h>

#include "fcgi/client.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/conf.h"

bool
client_peer(const struct request *r, struct address *a)
{
	if (address_parse(a, request_header(r, HEADER_REMOTE_ADDRESS)))
		return true;
	memset(a, 0, sizeof(*a));
	return false;
}

/* Take the last item off a list with commas. */
static struct slice
take_last(struct slice *list)
{
	size_t n = list->n;
	struct slice last;

	while (n > 0 && list->p[n - 1] != ',')
		n--;
	last = slice_from(*list, n);
	list->n = n > 0 ? n - 1 : 0;
	return header_trim(last);
}

void
client_address(const struct request *r, struct address *a)
{
	const struct address_list *proxies = &r->server->conf->trusted_proxies;
	struct slice list = request_header(r, HEADER_FORWARDED_FOR);
	struct address next;

	if (!client_peer(r, a))
		return;
	while (list.n > 0 && address_is_in(proxies, a) &&
	       address_parse(&next, take_last(&list)))
		*a = next;
}
