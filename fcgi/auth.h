/*
 * auth - who asks: HTTP Basic authentication against the accounts.
 *
 * Layer: fcgi.  It comes before everything else: a bad login is refused
 * even where anybody may read (contract 0.1, 0.6).
 */
#ifndef FCGI_AUTH_H
#define FCGI_AUTH_H

#include <stdbool.h>

struct request;

/*
 * Fill in request->who: NULL without credentials.  False: they are bad, or
 * cannot be checked now, and the reply says so.
 */
bool auth_check(struct request *);

#endif
