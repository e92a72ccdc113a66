#include "config.h"

#include "fcgi/client.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/trusted.h"
#include "store/conf.h"
#include "store/identity.h"

#define MAX_GROUPS 256

bool
trusted_applies(const struct request *r)
{
	struct address peer;

	if (header_trim(request_header(r, HEADER_ES_TRUSTED_AUTH)).n == 0)
		return false;
	return client_peer(r, &peer) &&
	       address_is_in(&r->server->conf->trusted_auth, &peer);
}

/* Up to a character, or all of it; what is left is behind that. */
static struct slice
take_until(struct slice *rest, char end)
{
	const char *at = rest->n == 0 ? NULL : memchr(rest->p, end, rest->n);
	size_t n = at == NULL ? rest->n : (size_t)(at - rest->p);
	struct slice taken = slice(rest->p, n);

	*rest = at == NULL ? slice("", 0) : slice_from(*rest, n + 1);
	return header_trim(taken);
}

enum err
trusted_parse(struct identity **who, struct slice value)
{
	struct slice groups[MAX_GROUPS];
	struct identity_parts parts = {.groups = groups};

	parts.login = take_until(&value, ';');
	if (value.n > 0 && memchr(value.p, ';', value.n) != NULL)
		return ERR_INVALID;
	while (value.n > 0) {
		if (parts.ngroups == MAX_GROUPS)
			return ERR_TOO_LARGE;
		groups[parts.ngroups++] = take_until(&value, ',');
	}
	return identity_new(who, &parts);
}
