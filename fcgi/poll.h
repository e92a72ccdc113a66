/*
 * poll - holding a request until there is something to answer.
 *
 * Layer: fcgi.  A handler looks; when it looked in vain and poll_wait() says
 * so, it returns without a reply, and is run again from its start when the
 * stream may look different, or when it must answer with what there is.
 */
#ifndef FCGI_POLL_H
#define FCGI_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice.h"
#include "store/wakeup.h"

struct request;

/* Of a request: all zero until it first waits. */
struct poll {
	struct wakeup_mark mark; /* of the last look */
	int64_t deadline;        /* in clock_mono_ms() */
	unsigned int waited;     /* times that it waited */
	bool waits;              /* what the handler has decided */
	bool is_over;            /* it must answer */

	/* See waiting.c. */
	int64_t rests_until;  /* it is not run before that, unless over */
	int64_t patience;     /* when it gives up waiting for the store */
	bool is_gone;         /* nobody reads the answer */
	struct request *next; /* that is to be run */
};

/* Before a look at a stream, which need not exist. */
void poll_look(struct request *, struct slice stream);

/*
 * After a look in vain: whether the request is to wait, for at most so many
 * seconds since it first did.  0: it does not wait.
 * False: it must be answered now, also when time is up, when no place is
 * free, or when the worker stops.
 */
bool poll_wait(struct request *, int64_t seconds);

#endif
