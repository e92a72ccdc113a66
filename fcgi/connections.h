/*
 * connections - from web servers, each with a request that begins to arrive.
 *
 * Layer: fcgi.  New ones come from the listening socket.  One that a web
 * server keeps open (FCGI_KEEP_CONN) stays here between its requests, so that
 * it holds no thread, and so does one that has not said anything yet.
 */
#ifndef FCGI_CONNECTIONS_H
#define FCGI_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

struct connections;

/*
 * max: how many stay here at a time.  listen_fd stays the caller's, and does
 * not block from now on.  ERR_IO: the log says why.
 */
enum err connections_new(
    struct connections **, int listen_fd, unsigned int max);

/* Closes those that are here.  Accepts NULL inside. */
void connections_free(struct connections **);

/*
 * One on which somebody speaks, the caller's from now on; wait for it at most
 * ms (-1: for ever).  -1: none; a signal came, or another thread was faster.
 */
int connections_take(struct connections *, int ms);

/* Until something is said there.  Closed when there is no room for it. */
void connections_keep(struct connections *, int fd);

/*
 * For the last thread, when the worker stops: nobody is accepted or kept any
 * more.  One on which somebody speaks, the caller's from now on; those that
 * have been accepted and have not spoken yet are waited for until until_ms,
 * in clock_mono_ms(): their web servers will ask nobody else.  -1: none.
 */
int connections_last(struct connections *, int64_t until_ms);

/* Would there be one to take?  It may be otherwise at once. */
bool connections_wait(const struct connections *);

#endif
