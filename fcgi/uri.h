/*
 * uri - the request target as it stood on the wire, taken apart.
 *
 * Layer: fcgi, without FastCGI: bytes in, a struct out.  Escapes are
 * resolved after the path is split, so %2F stays inside its segment, and
 * nothing is collapsed: "/streams//0" has an empty segment.
 */
#ifndef FCGI_URI_H
#define FCGI_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "store/err.h"
#include "store/slice.h"

struct buf;

#define URI_MAX          16384 /* bytes of a request target */
#define URI_SEGMENTS_MAX 8     /* no route has more */

struct uri {
	struct slice path;  /* as sent, with its slash, no query; points
			     * into the raw target */
	struct slice query; /* as sent, behind the '?'; likewise */
	struct slice segments[URI_SEGMENTS_MAX + 1]; /* decoded */
	size_t nsegments;    /* above URI_SEGMENTS_MAX: of a deeper path the
			      * first ones, and it matches no route */
	bool trailing_slash; /* the path ends in one, "/" too; it opens no
			      * further segment */
	char *spare;         /* in room: as much as the query has */
};

/*
 * Take apart raw, the REQUEST_URI: a path with or without a query, or the
 * absolute form of it, whose scheme and host are passed over.  Segments
 * point into room, and values are put there, so room stays as it is while
 * they are used; path and query point into raw.  Bytes above 0x7F pass,
 * escaped or not.
 * ERR_INVALID: a broken or zero escape, a control character, a space or a
 *   '#', in path or query, or no path; *why gets a sentence, static.
 * ERR_TOO_LARGE: more than URI_MAX bytes; *why likewise.
 * ERR_NO_MEMORY: no room for segments and values; *why likewise.
 */
enum err uri_parse(
    struct uri *, struct slice raw, struct buf *room, const char **why);

/*
 * What the first query parameter of this very name holds, '+' read as a
 * space, borrowed until the next call; one without '=' holds nothing.  False
 * when there is none.
 */
bool uri_query(const struct uri *, const char *name, struct slice *value);

/* Append s with everything escaped but A-Z a-z 0-9 - . _ ~ */
void uri_escape(struct buf *, struct slice s);

#endif
