/*
 * poll - holding a request until there is something to answer.
 *
 * Layer: fcgi.  A request that waits holds a thread, so there is a bound on
 * how many wait at once; beyond it they are answered as if time was up.
 */
#ifndef FCGI_POLL_H
#define FCGI_POLL_H

#include <stdbool.h>
#include <stdint.h>

struct server;

struct poll {
	struct server *server;
	int64_t deadline; /* in clock_mono_ms() */
	uint32_t seen;
	bool waits; /* has one of the places */
};

/* seconds 0: it will not wait at all. */
void poll_begin(struct poll *, struct server *, int64_t seconds);

/* Before each look at the store. */
void poll_mark(struct poll *);

/*
 * After a look in vain: sleep until there may be something new.
 * False: time is up, no place is free, or the worker stops.
 */
bool poll_wait(struct poll *);

void poll_end(struct poll *);

#endif
