/*
 * import - the lines of an export, written to a store in use.
 *
 * Layer: store, for rillctl.  An event keeps its stream, number, id, time and
 * bytes, and gets a new position; metadata has the effect that it had when it
 * was appended.  What is there already is passed over, so an import that was
 * broken off is simply made again.
 *
 * A stream that begins with a number other than 0, or has a line that says
 * where its numbers go on, gets that number as the first one that is there,
 * as if scavenging had removed those before; their ids are not known.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "store/err.h"

#define IMPORT_WHY_SIZE 1400 /* a sentence with a stream's name */

struct import;
struct store;

/* Told after each batch that is written. */
typedef void import_progress_f(void *arg, const struct import *);

struct import {
	struct store *store;
	int fd;                 /* to read from */
	size_t max_event_bytes; /* data and metadata of an event */
	import_progress_f *on_progress;
	void *arg;

	/* How far it is. */
	uint64_t lines;   /* looked at */
	uint64_t bytes;   /* read */
	uint64_t written; /* events */
	uint64_t skipped; /* lines: it was there already */
	char why[IMPORT_WHY_SIZE];
};

/*
 * Read lines until they end, and write them in batches.  When it is not
 * ERR_OK, why is a sentence for the user, and what stands before is written.
 * ERR_INVALID: a line is none, or does not fit what is in the store.
 * ERR_IO: the lines cannot be read.  Else what txn.h names.
 */
enum err import_run(struct import *);

#endif
