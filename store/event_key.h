/*
 * event_key - which event: the number of its stream, and its own there.
 *
 * Layer: store; for the tables.  It is the key of an event, and what the table
 * of positions says of one:
 *
 *   stream id v | number v
 *
 * with v as varint.h says.  A stream's events follow each other.
 */
#ifndef STORE_EVENT_KEY_H
#define STORE_EVENT_KEY_H

#include "store/err.h"
#include "store/varint.h"

#define EVENT_KEY_MOST (2 * VARINT_MOST) /* bytes */

/* Returns how many bytes of out it takes.  number is not negative. */
size_t event_key_put(
    unsigned char out[EVENT_KEY_MOST], uint64_t stream_id, int64_t number);

/* ERR_CORRUPT: it is none that event_key_put() makes. */
enum err event_key_read(struct slice key, uint64_t *stream_id, int64_t *number);

#endif
