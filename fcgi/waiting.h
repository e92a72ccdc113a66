/*
 * waiting - the requests that wait for events, without a thread of their own.
 *
 * Layer: fcgi.  Who serves a request parks it here and goes on to the next.
 * One thread, the guard, sleeps until a stream that somebody waits for has
 * moved, time is up or the client is gone; a few others run what is due, so
 * that many due at once do not take the threads of those that come fresh.
 * Nothing here is touched while nobody writes, but by a timer.
 */
#ifndef FCGI_WAITING_H
#define FCGI_WAITING_H

#include <stdbool.h>

#include "store/err.h"

struct request;
struct server;
struct waiting;

/*
 * Serve a request that waited.  True: it waits again, and is parked.  False:
 * it is answered, and is freed now.
 */
typedef bool waiting_serve_f(struct request *);

/*
 * Start the threads; there are places for max requests.
 * ERR_IO: a thread could not be started, the log says why.
 */
enum err waiting_new(
    struct waiting **, struct server *, waiting_serve_f *, unsigned int max);

/*
 * When server->stopping is set and nobody parks any more: have all that wait
 * answered.  Accepts NULL inside.
 */
void waiting_free(struct waiting **);

/*
 * Take a place for a request that did not wait yet.  It has it until it is
 * answered.  False: none is free.
 */
bool waiting_take_place(struct waiting *);

/* Take over a request whose handler decided to wait. */
void waiting_park(struct waiting *, struct request *);

#endif
