/*
 * tbl_streams - what is known of each stream, by name.
 *
 * Layer: store; private to it.
 *
 *   key     the stream's name
 *   value   flags 1 | stream id v | next number v | bytes v |
 *           first number v | forgotten v | settings
 *
 * with v as varint.h says.  The next number is 0 before the first event, when
 * last is -1; bytes is what its events' records take.  Scavenging removes a
 * stream's events from the lowest number on: first is the lowest number that
 * has not been removed, so that exactly the events first..last are there, none
 * of them if first is last + 1.  The ids of removed events are still known,
 * except forgotten many: those of a stream, or the metastream of one, that is
 * deleted for good.
 *
 * The same table leads from an id back to the name, under a key that no
 * name can be, since names have no NUL:
 *
 *   key     NUL | stream id v
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
#include "store/varint.h"

#define STREAM_RECORD_SIZE (1 + 5 * VARINT_MOST + SETTINGS_MAX_SIZE)

struct stream_record {
	uint64_t id;
	int64_t last;
	bool is_deleted; /* for good: a tombstone was written */
	uint64_t bytes;
	int64_t first;
	uint64_t forgotten;
	struct settings settings; /* acl points into raw, or elsewhere */
	unsigned char raw[STREAM_RECORD_SIZE];
};

/* Of a stream that has no events yet, nor an id. */
void tbl_streams_init(struct stream_record *);

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

/*
 * Walk the streams in the order of their names, from the one behind after
 * on; all of them if that is empty.  What is returned other than ERR_OK ends
 * the walk and is returned.
 */
typedef enum err tbl_streams_each_f(
    void *arg, struct slice name, const struct stream_record *);
struct tbl_streams_walk {
	struct slice after;
	tbl_streams_each_f *each;
	void *arg;
};
enum err tbl_streams_each(struct txn *, const struct tbl_streams_walk *);

/* The same of the ways from ids to names, from the id behind after on. */
typedef enum err tbl_streams_each_name_f(
    void *arg, uint64_t id, struct slice name);
struct tbl_streams_name_walk {
	uint64_t after;
	tbl_streams_each_name_f *each;
	void *arg;
};
enum err tbl_streams_each_name(
    struct txn *, const struct tbl_streams_name_walk *);

#endif
