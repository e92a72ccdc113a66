/*
 * tbl_all - which event stands at each position.
 *
 * Layer: store; private to it.
 *
 *   key     position v, see varint.h
 *   value   stream id v | number v, see event_key.h
 *
 * Positions follow the order of commits.  They are given without gaps;
 * those of events that scavenging removed are not there any more.
 */
#ifndef STORE_TBL_ALL_H
#define STORE_TBL_ALL_H

#include <stdint.h>

#include "store/txn.h"

struct all_row {
	uint64_t position;
	uint64_t stream_id;
	int64_t number;
};

/* ERR_TAKEN: the position has an event already. */
enum err tbl_all_insert(struct txn *, const struct all_row *);

/* ERR_NO_EVENT: the position has none. */
enum err tbl_all_delete(struct txn *, uint64_t position);

/*
 * At most *n rows from position from on, ascending; *n gets how many.
 * The rows are the caller's.
 */
enum err tbl_all_read(
    struct txn *, uint64_t from, struct all_row *rows, size_t *n);

/* The same downwards, from the last position below end. */
enum err tbl_all_read_back(
    struct txn *, uint64_t end, struct all_row *rows, size_t *n);

#endif
