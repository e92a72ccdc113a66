/*
 * verify - whether what is in the tables fits together.
 *
 * Layer: store, for rillctl, restore and tests.
 *
 * Checked are: every position below the end has an event, but for as many as
 * scavenging says it removed; the event stands in its stream under that
 * number, knows the position, and its id leads back to it; no number is
 * before the stream's first or beyond its last; the stream's id leads to its
 * name and back, and has been given to one; the streams' numbers add up to
 * the positions, and what was removed of them to what was removed in all; and
 * each stream has as many event ids as it must have.  Together that means
 * that each stream's events from first to last are there, without gaps, and
 * every one of them is in $all exactly once.  And no table has a row beside
 * those: verify_rows.h.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

struct env;
struct env_options;
struct store;

/* Told of each fault, as a sentence. */
typedef void verify_fault_f(void *arg, const char *sentence);

struct verify;
typedef void verify_progress_f(void *arg, const struct verify *);

struct verify {
	verify_fault_f *on_fault;
	verify_progress_f *on_progress; /* or NULL */
	void *arg;
	bool is_alone;     /* nobody else uses the store: all can be counted */
	bool is_recovered; /* out, see verify_closed() */
	uint64_t events;   /* how many were looked at */
	uint64_t streams;
	uint64_t faults;
	uint64_t rows, all; /* looked at, and about how many there are */
};

/*
 * Check a store in use, on snapshots of some thousand events each.
 * ERR_UNAVAILABLE and what else txn.h names: it was not finished.
 */
enum err verify_store(struct store *, struct verify *);

/* Check a store that the caller has open by itself. */
enum err verify_env(struct env *, struct verify *);

/* Check the pages of the tables' files; dir is closed and nobody's. */
enum err verify_files(const char *dir, struct verify *);

/*
 * Recover a store that nobody has open, as the options say; check the pages of
 * its files and, unless one is damaged, what is in them.  What env_open()
 * returns; then is_recovered says whether it came further than that.
 */
enum err verify_closed(const struct env_options *, struct verify *);

/* For the checks: tell of a fault, in a sentence; of rows looked at. */
void verify_fault(struct verify *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void verify_add(struct verify *, uint64_t rows);

#endif
