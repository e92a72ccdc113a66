/*
 * tbl_streams - what is known of each stream, by name.
 *
 * Layer: store; private to it.
 *
 *   key     the stream's name
 *   value   stream id 8 | last number 8 | flags 1 | bytes 8 | settings
 *
 * last number is -1 before the first event; bytes is what its events'
 * records take.  The same table leads from an id back to the name, under
 * a key that no name can be, since names have no NUL:
 *
 *   key     NUL | stream id 8
 *   value   the stream's name
 */
#ifndef STORE_TBL_STREAMS_H
#define STORE_TBL_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/name.h"
#include "store/settings.h"
#include "store/slice.h"
#include "store/txn.h"

#define STREAM_RECORD_SIZE (25 + SETTINGS_MAX_SIZE)

struct stream_record {
	uint64_t id;
	int64_t last;
	bool is_deleted; /* for good: a tombstone was written */
	uint64_t bytes;
	struct settings settings; /* acl points into raw, or elsewhere */
	unsigned char raw[STREAM_RECORD_SIZE];
};

/* ERR_NO_STREAM: there is no record.  ERR_CORRUPT. */
enum err tbl_streams_get(struct txn *, struct slice, struct stream_record *);
enum err tbl_streams_get_for_update(
    struct txn *, struct slice, struct stream_record *);

enum err tbl_streams_put(
    struct txn *, struct slice, const struct stream_record *);

/* Write the way back from id to name, once, for a new stream. */
enum err tbl_streams_put_name(struct txn *, uint64_t id, struct slice name);

/* name has STREAM_MAX_META_NAME bytes; *n gets the length. */
enum err tbl_streams_name(struct txn *, uint64_t id, char *name, size_t *n);

/* Walk all streams in the order of their names. */
typedef enum err tbl_streams_each_f(
    void *arg, struct slice name, const struct stream_record *);
enum err tbl_streams_each(struct txn *, tbl_streams_each_f *, void *arg);

#endif
