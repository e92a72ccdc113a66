/*
 * settings - what a stream's metadata document asks of the server.
 *
 * Layer: store.  The document is JSON in the newest event of the stream's
 * metastream ("$$" before its name).  The store reads it itself, since soft
 * deletion and re-creation rewrite it inside an append's transaction.
 */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/event.h"
#include "store/slice.h"
#include "store/varint.h"

#define SETTINGS_SOFT_DELETED INT64_MAX /* as truncate_before */
#define SETTINGS_MAX_ACL      3000      /* bytes of the $acl member */
#define SETTINGS_MAX_SIZE     (5 * VARINT_MOST + SETTINGS_MAX_ACL)

struct json_value;

struct settings {
	int64_t max_count;       /* newest events that can be read; 0: all */
	int64_t max_age;         /* seconds; 0: no limit */
	int64_t truncate_before; /* the first number that can be read */
	int64_t cache_control;   /* seconds; 0: none */
	struct slice acl;        /* the $acl object's text; empty: none */
};

/*
 * Read a metadata event.  A document that is not a JSON object, or in which
 * one recognised member has the wrong type, counts as empty (contract 3.3).
 * acl points into the event.  ERR_TOO_LARGE: $acl beyond SETTINGS_MAX_ACL.
 */
enum err settings_read(struct settings *, const struct event *);

/*
 * Read an $acl: an object with no members but the five rights, each a string
 * or an array of strings.  False: it is none, and *out is as it was.
 */
bool settings_read_acl(const struct json_value *, struct slice *out);

/* Whether the raw name of a member says exactly this. */
bool settings_name_is(struct slice raw, const char *name);

bool settings_soft_deleted(const struct settings *);

/*
 * What a stream's settings show of it: the events from number first on that
 * were not created before oldest, in ticks.  A metastream shows its newest
 * event alone, whatever settings it has.
 */
struct settings_limits {
	int64_t first, oldest;
};
struct settings_limits settings_limits(
    const struct settings *, int64_t last, int64_t now);

/* Those of every metastream. */
extern const struct settings settings_of_metastream;

/* The document that a soft deletion writes. */
struct slice settings_soft_deletion(void);

/*
 * Write document with its $tb replaced, compact, its other members byte for
 * byte; a document that is no JSON object counts as empty.
 */
void settings_print_truncated(
    struct buf *, struct slice document, int64_t truncate_before);

/* Record layout: four numbers and the length of acl as varints; acl. */
size_t settings_encode(unsigned char *out, const struct settings *);
enum err settings_decode(struct settings *, struct slice record);

#endif
