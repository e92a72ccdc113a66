/*
 * verify - whether what is in the tables fits together.
 *
 * Layer: store, for rillctl and tests.
 *
 * Checked are: every position below the end has an event; the event stands
 * in its stream under that number, knows the position, and its id leads back
 * to it; no number is beyond the stream's last; the stream's id leads to its
 * name and back, and has been given to one; and the streams' numbers add up
 * to the positions.  Together that means that each stream's numbers have no
 * gaps and that every event is in $all exactly once.
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
