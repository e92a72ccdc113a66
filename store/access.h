/*
 * access - who may do what with a stream (contract 3.4).
 *
 * Layer: store.  Each right is decided by one list of roles: the one in the
 * stream's $acl, else the one in $settings, else a built-in one.  What is
 * asked inside a transaction is decided by what that transaction sees.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include <stdbool.h>

#include "store/err.h"
#include "store/slice.h"

struct identity;
struct page;
struct stream;
struct txn;

enum access_right { ACCESS_READ, ACCESS_WRITE, ACCESS_DELETE };

/* The stream that a right is asked for. */
struct access_subject {
	struct slice name;
	struct slice acl; /* its $acl; of a metastream: its base stream's */
};

/*
 * Whether who, NULL for anybody, has the right.  ERR_DENIED, or what reading
 * the defaults failed with.
 */
enum err access_check(struct txn *, const struct access_subject *,
    const struct identity *who, enum access_right);

/*
 * Look a stream up for a reader, and find out whether everybody may read it:
 * stream->is_public.  ERR_DENIED: it may not be read; who asks does not
 * learn whether it is there.  Else what stream_lookup() returns.
 */
enum err access_lookup(struct txn *, const struct identity *who,
    struct slice name, struct stream *);

/* The same for a stream that was looked up, whatever came of that. */
enum err access_read(struct txn *, const struct identity *who, struct stream *);

/*
 * Follow the links of a page for a reader of stream s.  s->is_public becomes
 * false if not everybody may read all of the targets.  ERR_DENIED: one of
 * them may not be read by this reader.  Else what stream_resolve() returns.
 */
enum err access_resolve(
    struct txn *, const struct identity *who, struct stream *s, struct page *);

#endif
