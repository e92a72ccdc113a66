/*
 * verify - whether what is in the tables fits together.
 *
 * Layer: store, for rillctl and tests.
 *
 * Checked are: every position below the end has an event, but for as many as
 * scavenging says it removed; the event stands in its stream under that
 * number, knows the position, and its id leads back to it; no number is
 * before the stream's first or beyond its last; the stream's id leads to its
 * name and back, and has been given to one; the streams' numbers add up to
 * the positions, and what was removed of them to what was removed in all; and
 * each stream has as many event ids as it must have.  Together that means
 * that each stream's events from first to last are there, without gaps, and
 * every one of them is in $all exactly once.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include <stdint.h>

#include "store/err.h"

struct env;
struct store;

/* Told of each fault, as a sentence. */
typedef void verify_fault_f(void *arg, const char *sentence);

struct verify {
	verify_fault_f *on_fault;
	void *arg;
	uint64_t events; /* how many were looked at */
	uint64_t streams;
	uint64_t faults;
};

/*
 * Check a store in use, on snapshots of some thousand events each.
 * ERR_UNAVAILABLE and what else txn.h names: it was not finished.
 */
enum err verify_store(struct store *, struct verify *);

/* Check a store that the caller has recovered and nobody else uses. */
enum err verify_env(struct env *, struct verify *);

/* Check the pages of a table's file; dir is closed and nobody's. */
enum err verify_files(const char *dir, struct verify *);

#endif
