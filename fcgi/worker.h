/*
 * worker - the threads that serve requests.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_WORKER_H
#define FCGI_WORKER_H

#include "store/err.h"

struct conf;

/*
 * Serve the requests that arrive on listen_fd until SIGTERM or SIGINT, both
 * of which the caller has blocked; then finish what is in hand, answer it,
 * and close the store.  ERR_IO: could not begin, the log says why.
 */
enum err worker_run(const struct conf *, int listen_fd);

#endif
