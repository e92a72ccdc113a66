/*
 * cache - what caches may do with an answer (contract 0.12).
 *
 * Layer: fcgi.
 */
#ifndef FCGI_CACHE_H
#define FCGI_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct request;
struct stream;

/* Cache-Control and Vary of something that never changes. */
void cache_forever(struct request *, const struct stream *);

/* Of something that is to be asked for again each time. */
void cache_never(struct request *);

/* Of something that changes: with an ETag for this position, if it is >= 0. */
void cache_briefly(struct request *, const struct stream *, int64_t etag);

/* Whether If-None-Match names what the answer would be. */
bool cache_is_current(struct request *, int64_t etag);

/* Answer 304. */
void cache_reply_unchanged(struct request *);

#endif
