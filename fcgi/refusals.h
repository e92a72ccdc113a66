/*
 * refusals - what the log says of requests that are refused by thousands.
 *
 * Layer: fcgi.  Refusals whose clients are told the same are of one kind.  Of
 * each kind some have a line of the log each; others in the same time are
 * counted, and one line tells how many there were.
 */
#ifndef FCGI_REFUSALS_H
#define FCGI_REFUSALS_H

#include <stdbool.h>

#include "store/slice.h"

#define REFUSALS_MS   10000
#define REFUSALS_MOST 20 /* lines of a kind in that time */

struct refusals;

struct refusals *refusals_new(void);
/* Tells what was not told yet.  Accepts NULL inside. */
void refusals_free(struct refusals **);

/* Whether a request whose client is told this has a line of its own. */
bool refusals_admit(struct refusals *, struct slice told);

/* To be called now and then: tell how many had none, if it is time. */
void refusals_settle(struct refusals *);

#endif
