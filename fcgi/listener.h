/*
 * listener - the socket on which a worker accepts connections.
 *
 * Layer: fcgi, without FastCGI.
 */
#ifndef FCGI_LISTENER_H
#define FCGI_LISTENER_H

/*
 * Make a Unix socket at path, in place of one that nobody listens on any
 * more, and listen on it; or, if path is NULL, take the one that is descriptor
 * 0.  -1: the log says why.
 */
int listener_open(const char *path);

/* Remove what listener_open() made at path. */
void listener_remove(const char *path);

#endif
