/*
 * write - what all resources that take events have in common.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_WRITE_H
#define FCGI_WRITE_H

#include <stdint.h>

#include "store/guid.h"
#include "store/slice.h"

struct request;

struct write {
	struct slice stream;
	int64_t expected;
	struct guid id;           /* of a single event */
	const char *default_type; /* its type without ES-EventType, or NULL */
};

/* Whether the body's type brings ids and types of its own. */
bool write_is_batch(const struct request *);

/* Read the body and append what it says; the reply is complete. */
void write_body(struct request *, const struct write *);

/* <base>/streams/<escaped name>, in a buf of the caller's. */
struct buf;
void write_stream_url(struct buf *, struct request *, struct slice stream);

/* The single event's id from ES-EventId.  False: the reply says why. */
bool write_read_id(struct request *, struct guid *);

/* False: the name is refused, and the reply says why. */
bool write_check_name(struct request *, struct slice stream);

#endif
