/*
 * single - one event as a document (contract 1.8).
 *
 * Layer: fcgi.
 */
#ifndef FCGI_SINGLE_H
#define FCGI_SINGLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice.h"

struct request;

struct single_query {
	struct slice stream;
	bool at_head; /* the newest event */
	int64_t number;
};

/*
 * Read an event number, or "head", from a path segment.
 * False: the reply says what is wrong with it.
 */
bool single_read_number(struct request *, struct single_query *, struct slice);

/* Answer with the event; the reply is complete. */
void single_serve(struct request *, const struct single_query *);

#endif
