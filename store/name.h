/*
 * name - the names of streams, and of their metastreams.
 *
 * Layer: store, used everywhere.  The metadata of stream x is the newest
 * event of the metastream $$x.  Names that begin with $ are the system's.
 */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include <stdbool.h>

#include "store/slice.h"

#define STREAM_MAX_NAME      1000 /* bytes */
#define STREAM_MAX_META_NAME (STREAM_MAX_NAME + 2)

/*
 * Whether a stream may be called so: 1 to 1000 bytes (two more for a
 * metastream) of UTF-8 without control characters.  False: *why is a
 * sentence for the user.
 */
bool name_check(struct slice name, const char **why);

bool name_is_meta(struct slice name);
bool name_is_system(struct slice name);

/* The stream whose metadata a metastream holds; points into name. */
struct slice name_base(struct slice meta);

/* The metastream's name, in out, which has STREAM_MAX_META_NAME bytes. */
struct slice name_meta(char *out, struct slice name);

#endif
