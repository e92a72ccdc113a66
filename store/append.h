/*
 * append - what one write request does to the store, inside a transaction.
 *
 * Layer: store.  The caller fills in what it wants; the writer runs
 * append_apply() and fills in what came of it.  The rules are those of the
 * contract's 1.4, 1.7 and 0.0: a batch is written whole or not at all, an
 * event id is written once to a stream, and a repeat is a success.
 */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/event.h"

struct counters;
struct identity;
struct txn;

/* Expected versions that are not a number. */
#define EXPECT_ANY       (-2)
#define EXPECT_NO_STREAM (-1)
#define EXPECT_STREAM    (-4) /* it must exist */

enum append_kind { APPEND_EVENTS, APPEND_SOFT_DELETE, APPEND_HARD_DELETE };

struct append {
	enum append_kind kind;
	struct slice stream;
	int64_t expected;
	struct new_event *events; /* the caller's; none for a deletion */
	size_t n;
	bool must_live; /* not soft-deleted, whatever version is expected */
	const struct identity *who; /* asks for it; NULL: anybody */
	struct guid deletion; /* the id of the event that a deletion writes;
				 known already: it was carried out before */
	bool was_allowed;     /* who had the right when this was tried before */

	/* What came of it. */
	enum err outcome;
	int64_t first;     /* number of the first event, if ERR_OK */
	int64_t current;   /* the stream's last number now, -1 if none */
	uint64_t position; /* of the last event, if ERR_OK ... */
	bool has_position; /* ... unless that was removed: a late repeat */
};

/* What the appends of one transaction share. */
struct append_batch {
	struct counters *next;
	int64_t now; /* ticks */
};

/*
 * Carry out one request.  Its outcome is ERR_OK, ERR_DENIED (who asks lacks
 * the right, and learns no more), ERR_WRONG_VERSION, ERR_DELETED (also:
 * expected to exist, but soft-deleted) or ERR_TOO_LARGE (the $acl of a
 * metadata event); unless ERR_OK nothing was written.
 * What is returned is ERR_OK or what makes the whole transaction fail.
 */
enum err append_apply(
    struct txn *, struct append *, const struct append_batch *);

#endif
