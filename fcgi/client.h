/*
 * client - the address a request comes from.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_CLIENT_H
#define FCGI_CLIENT_H

#include <stdbool.h>

#include "store/address.h"

struct request;

/*
 * Who is connected to the web server.  False: it did not say, and the
 * address is all zero.
 */
bool client_peer(const struct request *, struct address *);

/*
 * The same, but when it is one of trusted_proxies, who is connected to that:
 * the last of X-Forwarded-For that is not one itself.  What stands before
 * that anybody may have written.
 */
void client_address(const struct request *, struct address *);

#endif
