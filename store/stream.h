/*
 * stream - reading and writing streams: what the rest of Rill calls.
 *
 * Layer: store.  Reads happen inside stream_run(), on one snapshot: what
 * several calls see fits together.
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "store/append.h"
#include "store/err.h"
#include "store/name.h"
#include "store/page.h"
#include "store/settings.h"

struct store;
struct txn;

/* What a reader needs to know of a stream. */
struct stream {
	struct slice name; /* the caller's */
	uint64_t id;
	int64_t last;   /* the newest event's number, -1: none ever */
	int64_t first;  /* the least that may be visible, by number */
	int64_t oldest; /* ticks: events before are hidden by $maxAge */
	size_t mean_bytes;
	struct settings settings; /* of a metastream: its own, built in */
	struct settings base;     /* of a metastream: its base stream's */
	bool is_public;           /* everybody may read it: see access.h */
	char acl[SETTINGS_MAX_ACL];
};

typedef enum err stream_body_f(struct txn *, void *arg);

/*
 * Run body on a snapshot.  It may run more than once, see txn.h.
 * ERR_UNAVAILABLE, ERR_BUSY, ERR_NO_MEMORY, ERR_IO, ERR_CORRUPT, or what
 * body returned.
 */
enum err stream_run(struct store *, stream_body_f *body, void *arg);

/*
 * The same for a read in the master's name: what it saw is on a quorum of
 * nodes, so that no failover takes it back, and the node was still the master
 * when it was complete.  ERR_NOT_MASTER, ERR_NO_MASTER: it is not.
 */
enum err stream_run_as_master(struct store *, stream_body_f *body, void *arg);

/*
 * Look a stream up.  ERR_NO_STREAM: never written, or soft-deleted.
 * ERR_DELETED.  Also then settings and base are what they are, for the
 * access check; all zero if there is no record.
 */
enum err stream_lookup(struct txn *, struct slice name, struct stream *);

/*
 * The event with this number, if it is visible; it stands in the page.
 * ERR_NO_EVENT.
 */
enum err stream_event(
    struct txn *, const struct stream *, int64_t number, struct page *);

/*
 * Add the visible events with numbers from..to to the page, ascending.
 * ERR_TOO_LARGE: more than a page may have.
 */
struct stream_range {
	int64_t from, to;
};
enum err stream_page(struct txn *, const struct stream *,
    const struct stream_range *, struct page *);

/* Whether an event of the stream may be seen. */
bool stream_shows(const struct stream *, const struct event *);

/*
 * Follow the link events of a page, filling in their targets.  may_read,
 * unless NULL, is asked about each target's stream; what it returns other
 * than ERR_OK is returned.
 */
typedef enum err stream_may_read_f(
    struct txn *, void *arg, struct stream *target);
enum err stream_resolve(
    struct txn *, struct page *, stream_may_read_f *, void *arg);

/*
 * Behind the last event of all streams that is committed; on a master with
 * peers, that is acked.  See role.h.
 */
enum err stream_end(struct txn *, uint64_t *position);

/* The same on a snapshot of its own.  Else what stream_run() returns. */
enum err stream_read_end(struct store *, uint64_t *position);

/* Behind the last one that is written: the next event's position. */
enum err stream_next(struct txn *, uint64_t *position);

/*
 * Add at most n events of all streams to the page: from position pos on,
 * ascending; or below pos, descending.
 */
enum err stream_all(struct txn *, uint64_t pos, size_t n, struct page *);
enum err stream_all_back(struct txn *, uint64_t pos, size_t n, struct page *);

/*
 * Write, on whichever node is master: see forward.h for what is returned.
 * ERR_INVALID: the same event id stands twice in the batch.
 */
enum err stream_append(struct store *, struct append *);

/*
 * Where there are no other nodes: whether it would have to wait for others.
 * Then events may be appended without waiting, by a call of done() later; it
 * is not called when other than ERR_OK is returned: ERR_INVALID, ERR_BUSY.
 * See writer_append_later().
 */
bool stream_append_would_wait(struct store *);
typedef void stream_done_f(void *arg, enum err);
enum err stream_append_later(
    struct store *, struct append *, stream_done_f *done, void *arg);

/* The same for what comes from another node: only here, with its own ids. */
enum err stream_append_here(struct store *, struct append *);

#endif
