/*
 * throttle - failed logins cost time.
 *
 * Layer: fcgi.  Failures are counted by who tries what: an address with a
 * login, the address alone, the login alone.  Beyond some free ones each
 * makes the next attempt wait, longer and longer; an attempt before its
 * time is refused unchecked, and makes nothing longer.
 *
 * An address that has not failed with a login is never made to wait for what
 * others did to that login: nobody can lock out its owner.
 *
 * The counts of an address with a login halve every ten minutes, the others
 * every minute.  Memory is bounded: where it is short, what counts least is
 * forgotten.
 */
#ifndef FCGI_THROTTLE_H
#define FCGI_THROTTLE_H

#include <stdint.h>

#include "store/address.h"
#include "store/slice.h"

#define THROTTLE_FREE_PAIR    5   /* failures of an address with a login */
#define THROTTLE_FREE_LOGIN   20  /* of all addresses with a login */
#define THROTTLE_FREE_ADDRESS 200 /* of an address with all logins */
#define THROTTLE_FIRST_MS     250
#define THROTTLE_MOST_MS      30000

struct throttle;

struct attempt {
	struct address from;
	struct slice login;
	int64_t now; /* ms */
};

struct throttle *throttle_new(void);
void throttle_free(struct throttle **);

/* How many ms until an attempt will be checked; 0: now. */
int64_t throttle_wait(struct throttle *, const struct attempt *);

/* It was checked.  Logs a burst once, and once a minute while it lasts. */
void throttle_failed(struct throttle *, const struct attempt *);
void throttle_passed(struct throttle *, const struct attempt *);

#endif
