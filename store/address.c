#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "store/address.h"

#define NETWORK_SIZE 8 /* bytes of an IPv6 address */

static const unsigned char mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool
is_ipv4(const struct address *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

bool
address_parse(struct address *a, struct slice text)
{
	char name[ADDRESS_TEXT_SIZE];

	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = slice(text.p + 1, text.n - 2);
	if (text.n == 0 || text.n >= sizeof(name) ||
	    memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	if (inet_pton(AF_INET6, name, a->b) == 1)
		return true;
	memcpy(a->b, mapped, sizeof(mapped));
	return inet_pton(AF_INET, name, a->b + sizeof(mapped)) == 1;
}

void
address_print(char out[ADDRESS_TEXT_SIZE], const struct address *a)
{
	const char *ok;

	if (is_ipv4(a))
		ok = inet_ntop(
		    AF_INET, a->b + sizeof(mapped), out, ADDRESS_TEXT_SIZE);
	else
		ok = inet_ntop(AF_INET6, a->b, out, ADDRESS_TEXT_SIZE);
	if (ok == NULL)
		out[0] = '\0';
}

bool
address_is_in(const struct address_list *list, const struct address *a)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (memcmp(list->items[i].b, a->b, sizeof(a->b)) == 0)
			return true;
	return false;
}

struct address
address_network(const struct address *a)
{
	struct address network = *a;

	if (!is_ipv4(a))
		memset(network.b + NETWORK_SIZE, 0,
		    sizeof(network.b) - NETWORK_SIZE);
	return network;
}
