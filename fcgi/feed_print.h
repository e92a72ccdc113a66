/*
 * feed_print - a feed in the form that was asked for.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_FEED_PRINT_H
#define FCGI_FEED_PRINT_H

#include "fcgi/feed_doc.h"

struct request;

/* Into the reply's body. */
void feed_print(struct request *, const struct feed *);

#endif
