/*
 * address - the address of who connects: IPv4 or IPv6, without a port.
 *
 * Layer: store, used everywhere.
 */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/slice.h"

#define ADDRESS_TEXT_SIZE 46 /* with the NUL */

/* As IPv6; an IPv4 address is mapped (RFC 4291, 2.5.5.2). */
struct address {
	unsigned char b[16];
};

struct address_list {
	struct address *items;
	size_t n;
};

/* 192.0.2.1, 2001:db8::1 or [2001:db8::1].  False: it is none. */
bool address_parse(struct address *, struct slice text);

void address_print(char out[ADDRESS_TEXT_SIZE], const struct address *);

bool address_is_in(const struct address_list *, const struct address *);

/*
 * The network that one party has: the first half of an IPv6 address, with
 * zeros behind it; an IPv4 address as it is.
 */
struct address address_network(const struct address *);

#endif
