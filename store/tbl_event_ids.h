/*
 * tbl_event_ids - the number of each event id ever written to a stream.
 *
 * Layer: store; private to it.
 *
 *   key     stream id 8 | event id 16
 *   value   number 8
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

#endif
