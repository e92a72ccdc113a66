/*
 * event - an event as it is read, and as it is written.
 *
 * Layer: store, used everywhere.  A stored record is
 *
 *   position 6 | created 8 | event id 16 | flags 1 | type length v |
 *   data length v | type | data | metadata
 *
 * with integers in big-endian order, and v as varint.h says.  The thread that
 * serves a request encodes its events; the writer only fills in position and
 * time, which therefore stand first, and always take as many bytes.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/guid.h"
#include "store/slice.h"

#define EVENT_MAX_TYPE    1000 /* bytes */
#define EVENT_NUMBER_NONE (-1)
#define EVENT_NUMBER_TOMB INT64_MAX /* the tombstone's own number */

/* Positions stand below this one: more events than a table can hold. */
#define EVENT_POSITION_END (UINT64_C(1) << 48)

/* Of a record: its shortest head, and its beginning that has the position. */
#define EVENT_LEAST_HEAD    33
#define EVENT_POSITION_SIZE 6

/* flags */
#define EVENT_DATA_IS_JSON     1u
#define EVENT_METADATA_IS_JSON 2u

struct event {
	int64_t number;
	uint64_t position;
	int64_t created; /* ticks, see clock.h */
	struct guid id;
	unsigned int flags;
	struct slice type;
	struct slice data;
	struct slice metadata;
};

/* An event to be written: its record, in memory of its own. */
struct new_event {
	struct guid id;
	unsigned char *record;
	size_t record_len;
};

/*
 * Encode id, flags, type, data and metadata of e; number, position and
 * created are not yet known.  Free with new_event_fini().
 * ERR_NO_MEMORY.  The type's length is at most EVENT_MAX_TYPE.
 */
enum err new_event_init(struct new_event *, const struct event *e);
void new_event_fini(struct new_event *);

/* Fill in what the writer knows. */
void new_event_place(struct new_event *, uint64_t position, int64_t created);

/*
 * Decode a record; the slices of *e point into it.  number is not in it.
 * ERR_CORRUPT.
 */
enum err event_decode(struct event *e, struct slice record);

/* Only the position, of a record's first EVENT_POSITION_SIZE bytes. */
uint64_t event_position(const unsigned char *);

/* How many bytes an event's record has. */
size_t event_record_size(const struct event *);

/* Whether it counts as JSON: its data is, or its metadata is. */
bool event_is_json(const struct event *);

#endif
