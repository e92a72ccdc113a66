/*
 * tbl_event_ids - the number of each event id ever written to a stream.
 *
 * Layer: store; private to it.
 *
 *   key     stream id v | event id 16
 *   value   number v, see varint.h
 *
 * Scavenging leaves them: an id is known for as long as its stream can be
 * written to.
 */
#ifndef STORE_TBL_EVENT_IDS_H
#define STORE_TBL_EVENT_IDS_H

#include <stdint.h>

#include "store/guid.h"
#include "store/txn.h"

/* ERR_NO_EVENT: the stream does not know the id. */
enum err tbl_event_ids_get(
    struct txn *, uint64_t stream_id, const struct guid *, int64_t *number);

/* ERR_TAKEN: the stream knows it already. */
enum err tbl_event_ids_insert(
    struct txn *, uint64_t stream_id, const struct guid *, int64_t number);

/*
 * Delete at most *n ids of a stream, but not the one that leads to the
 * number keep; *n gets how many.
 */
enum err tbl_event_ids_forget(
    struct txn *, uint64_t stream_id, int64_t keep, size_t *n);

/*
 * Read at most n rows behind *last, in the order of keys; *last becomes the
 * last one read.  Begins with one of zeros.  ERR_CORRUPT.
 */
struct id_row {
	uint64_t stream_id;
	struct guid id;
	int64_t number;
};
enum err tbl_event_ids_read(
    struct txn *, struct id_row *last, struct id_row *rows, size_t *n);

#endif
