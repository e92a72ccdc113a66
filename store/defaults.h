/*
 * defaults - the $acl that streams without their own lists have.
 *
 * Layer: store; private to it.  They are the newest event of $settings:
 *
 *   {"$userStreamAcl": {...}, "$systemStreamAcl": {...}}
 *
 * with members as in $acl, and an event type that does not matter (contract
 * 3.4).  An event that is not such a JSON object counts as none, and so does
 * one that $settings no longer shows.
 *
 * What was read once is kept, and used by those who see the same event
 * as the newest: a transaction never gets older defaults than it sees.
 */
#ifndef STORE_DEFAULTS_H
#define STORE_DEFAULTS_H

#include <stdbool.h>

#include "store/err.h"
#include "store/slice.h"

struct defaults;
struct defaults_cache;
struct txn;

/*
 * The defaults that a transaction sees, until defaults_release(); NULL when
 * there are none.  Returns what reading the tables failed with.
 */
enum err defaults_hold(struct txn *, struct defaults **);

/* Clears the pointer; accepts NULL inside. */
void defaults_release(struct defaults **);

/* The text of a JSON object; empty if there is none.  NULL has none. */
struct slice defaults_acl(const struct defaults *, bool of_system_streams);

/* What is kept, one an environment. */
struct defaults_cache *defaults_cache_new(void);
void defaults_cache_free(struct defaults_cache **);

/*
 * Forget it: for when an event may have been undone after it was read, as
 * when a replica follows another master.
 */
void defaults_cache_forget(struct defaults_cache *);

#endif
