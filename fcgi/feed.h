/*
 * feed - pages of a stream as Atom feeds.
 *
 * Layer: fcgi.  Ranges and caching: contract 1.9; shapes: 2.1 and 2.2.
 */
#ifndef FCGI_FEED_H
#define FCGI_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice.h"

#define FEED_DEFAULT_COUNT 20

struct request;

struct feed_query {
	struct slice stream;
	bool forward;
	bool at_head;  /* from the newest event backward */
	int64_t from;  /* else */
	int64_t count; /* 0: FEED_DEFAULT_COUNT */
};

/*
 * Read an event number, or "head" where it may be, from a path segment.
 * False: the reply says what is wrong with it.
 */
bool feed_read_from(
    struct request *, struct feed_query *, struct slice, bool may_be_head);

/* Read a page's size.  False: the reply says what is wrong with it. */
bool feed_read_count(struct request *, int64_t *count, struct slice);

/* Answer with the page: the reply is complete, or the request waits. */
void feed_serve(struct request *, const struct feed_query *);

#endif
