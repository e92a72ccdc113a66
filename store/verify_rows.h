/*
 * verify_rows - whether the tables have rows that they must not have.
 *
 * Layer: store; private to verify, which looks for what must be there.
 */
#ifndef STORE_VERIFY_ROWS_H
#define STORE_VERIFY_ROWS_H

#include "store/err.h"
#include "store/tbl_streams.h"
#include "store/txn.h"
#include "store/verify.h"

/* How transactions are run there. */
typedef enum err verify_run_f(void *where, txn_body_f *body, void *arg);

struct verify_where {
	verify_run_f *run;
	void *where;
};

/* By its id.  ERR_NO_STREAM: it leads to no name, or that to no record. */
enum err verify_find_stream(struct txn *, uint64_t id, struct stream_record *);

/*
 * Every event is one of its stream's, and decodes; and if nobody writes, the
 * stream's record counts their bytes.
 */
enum err verify_events(struct verify *, const struct verify_where *);

/* Every event id is that of a number that its stream has had. */
enum err verify_ids(struct verify *, const struct verify_where *);

/* Every stream's id leads to its name, and nothing else leads to a name. */
enum err verify_names(struct verify *, const struct verify_where *);

/* If nobody writes: nothing stands in $all behind the last position. */
enum err verify_end(struct verify *, const struct verify_where *);

/* There is one row of counters. */
enum err verify_counters(struct verify *, const struct verify_where *);

#endif
