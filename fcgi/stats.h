/*
 * stats - a snapshot under the keys of the reference (contract 6).
 *
 * Layer: fcgi.  A key's parts, with '-' between them, are the groups it is
 * in.  What the reference tells but Rill does not have is left out; the
 * drive's name is "data", since nobody need know the data folder's path.
 */
#ifndef FCGI_STATS_H
#define FCGI_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/buf.h"

struct snapshot;

struct stats_form {
	const struct slice *path; /* the groups to go down to */
	size_t depth;
	bool is_flat;      /* keys as they are, not grouped; depth is 0 */
	bool has_metadata; /* each value with its title and category */
};

/*
 * As JSON.  False, nothing printed: no group is at this path.  A single value
 * has no path of its own, as with the reference.
 */
bool stats_print(
    struct buf *, const struct snapshot *, const struct stats_form *);

#endif
