/*
 * trusted - who asks, in the words of a front server that has checked it.
 *
 * Layer: fcgi.  ES-TrustedAuth: login; group, group (contract 0.6), from the
 * addresses in rill.json's trusted_auth alone.
 */
#ifndef FCGI_TRUSTED_H
#define FCGI_TRUSTED_H

#include <stdbool.h>

#include "store/err.h"
#include "store/slice.h"

struct identity;
struct request;

/* Whether the header is there, says something, and comes from who may. */
bool trusted_applies(const struct request *);

/*
 * Read its value.  ERR_INVALID: it is malformed, or the login is empty.
 * ERR_TOO_LARGE: see identity.h.
 */
enum err trusted_parse(struct identity **, struct slice value);

#endif
