/*
 * feed_json - a feed printed as JSON.
 *
 * Layer: fcgi.  Members and their order: contract 2.1.
 */
#ifndef FCGI_FEED_JSON_H
#define FCGI_FEED_JSON_H

#include "fcgi/feed_doc.h"
#include "store/buf.h"

void feed_json_print(struct buf *, const struct feed *);

#endif
