/*
 * access - who may do what with a stream (contract 3.4).
 *
 * Layer: fcgi.
 */
#ifndef FCGI_ACCESS_H
#define FCGI_ACCESS_H

#include <stdbool.h>

#include "store/err.h"
#include "store/slice.h"

struct request;
struct stream;
struct txn;
struct user;

enum access_right { ACCESS_READ, ACCESS_WRITE, ACCESS_DELETE };

/*
 * Whether user, NULL for anybody, has the right.  The stream comes from
 * stream_lookup(), whatever that returned.
 */
bool access_allows(
    const struct user *, const struct stream *, enum access_right);

/*
 * Whether who asks has the right to a stream, which need not exist.
 * ERR_DENIED, or what stream_run() returns.
 */
enum err access_check(struct request *, struct slice stream, enum access_right);

/*
 * Look a stream up for who asks.  ERR_DENIED: it may not be read; who asks
 * does not learn whether it is there.  Else what stream_lookup() returns.
 */
enum err access_lookup(
    struct txn *, const struct request *, struct slice name, struct stream *);

/* For stream_resolve(), with a struct request as arg. */
enum err access_may_read(void *request, const struct stream *target);

/* Whether everybody may read it, so that caches may keep it. */
bool access_is_public(const struct stream *);

#endif
