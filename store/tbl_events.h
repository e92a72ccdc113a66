/*
 * tbl_events - every event, by stream and number.
 *
 * Layer: store; private to it.
 *
 *   key     stream id v | number v, see event_key.h
 *   value   the record of event.h
 *
 * A stream's events lie together, so a page of a feed is one bulk read.
 */
#ifndef STORE_TBL_EVENTS_H
#define STORE_TBL_EVENTS_H

#include <stdint.h>

#include "store/page.h"
#include "store/txn.h"

struct events_range {
	uint64_t stream_id;
	int64_t from, to;  /* both included; from <= to */
	size_t mean_bytes; /* of a record, to choose the buffer's size by */
};

/* Write; a key that is there already is ERR_TAKEN. */
enum err tbl_events_insert(
    struct txn *, uint64_t stream_id, int64_t number, const struct new_event *);

/* One event, in the page's memory but not among its entries. */
enum err tbl_events_get(struct txn *, struct page *,
    const struct events_range *one, struct event *);

/* ERR_NO_EVENT: there is none. */
enum err tbl_events_delete(struct txn *, uint64_t stream_id, int64_t number);

/*
 * Move the events of a range together, so that they fill their pages, in
 * transactions of the library's own; *pages gets how many became empty.
 * ERR_DEADLOCK: others were in the way.
 */
enum err tbl_events_join(
    struct env *, const struct events_range *, uint32_t *pages);

/* Only the position of one event.  ERR_NO_EVENT, ERR_CORRUPT. */
enum err tbl_events_position(
    struct txn *, uint64_t stream_id, int64_t number, uint64_t *position);

/*
 * Add the events of a range to the page, in ascending order; numbers that
 * are not there are left out.  The entries' streams are not filled in.
 * ERR_TOO_LARGE: the page is full.  ERR_CORRUPT.
 */
enum err tbl_events_read(
    struct txn *, struct page *, const struct events_range *);

/*
 * Walk the events of all streams in the order of keys, from the one behind
 * stream_id and number on.  The record is borrowed.  What is returned other
 * than ERR_OK ends the walk and is returned.  ERR_NO_MEMORY, ERR_CORRUPT.
 */
struct events_row {
	uint64_t stream_id;
	int64_t number;
	struct slice record;
};
typedef enum err tbl_events_each_f(void *arg, const struct events_row *);
struct tbl_events_walk {
	uint64_t stream_id;
	int64_t number;
	tbl_events_each_f *each;
	void *arg;
};
enum err tbl_events_each(struct txn *, const struct tbl_events_walk *);

#endif
