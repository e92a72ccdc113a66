/*
 * redirect - to where the request is answered.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_REDIRECT_H
#define FCGI_REDIRECT_H

#include "store/slice.h"

struct request;

/* To the same path without its last slash (contract 1.6). */
void redirect_without_slash(struct request *);

/*
 * To the same path and query, as they were sent, below url, the master's.
 * 307 with an empty body (contract 1.2).
 */
void redirect_to_master(struct request *, struct slice url);

#endif
