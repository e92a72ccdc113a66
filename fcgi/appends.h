/*
 * appends - those that wait for the disk, without a thread of their own.
 *
 * Layer: fcgi.  While the store's writer is at work, who has read an append
 * parks it here and goes on to the next request.  One thread answers those
 * that the writer is through with, one after the other: so neither has a
 * thread to be woken for each.  An append that finds nothing under way is
 * carried out, and answered, by the thread that has read it.
 */
#ifndef FCGI_APPENDS_H
#define FCGI_APPENDS_H

#include <stdbool.h>

#include "fcgi/body.h"
#include "store/append.h"
#include "store/err.h"

struct appends;
struct request;
struct server;

/* Of a request: the append that its handler has left to be carried out. */
struct pending {
	bool is_ready;
	struct append append;
	struct body body; /* its events */
	enum err result;
};

/*
 * Start the thread; at most max are parked at a time.
 * ERR_IO: it could not be started, the log says why.
 */
enum err appends_new(struct appends **, struct server *, unsigned int max);

/* When nobody parks any more: have all that are parked answered. */
void appends_free(struct appends **);

/* Whether one may be parked: not in a cluster, nor when there are too many. */
bool appends_may_park(struct appends *);

/*
 * Take over a request with an append that is ready, if it would have to wait.
 * Returned is another to go on with; NULL: it is still the caller's, to be
 * carried out.
 */
struct request *appends_park(struct appends *, struct request *);

#endif
