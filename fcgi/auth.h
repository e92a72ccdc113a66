/*
 * auth - who asks: HTTP Basic authentication against the accounts.
 *
 * Layer: fcgi.  It comes before everything else: a bad login is refused
 * even where anybody may read (contract 0.1, 0.6).
 */
#ifndef FCGI_AUTH_H
#define FCGI_AUTH_H

#include <stdbool.h>

#include "store/slice.h"

struct auth;
struct conf;
struct request;

/* What a worker's threads share: passwords that are known, and failures. */
struct auth *auth_new(const struct conf *);
void auth_free(struct auth **);

/*
 * Fill in request->who: NULL without credentials.  False: they are bad, or
 * cannot be checked now, and the reply says so.
 */
bool auth_check(struct request *);

/*
 * For a handler that checks or hashes a password by itself: a place among
 * the few who do so at a time.  login is whose password is checked; empty:
 * none is.  False: too many want a place, or too many logins failed before,
 * and the reply says so.  Pair with auth_leave().
 */
bool auth_enter(struct request *, struct slice login);

enum auth_outcome {
	AUTH_PASSED,
	AUTH_FAILED,
	AUTH_UNKNOWN /* nothing was checked */
};
void auth_leave(struct request *, struct slice login, enum auth_outcome);

#endif
