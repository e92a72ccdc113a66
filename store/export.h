/*
 * export - all that a store, or one stream of it, holds, as lines of text.
 *
 * Layer: store, for rillctl.  The lines are those of event_line.h: first the
 * streams that have no events left, then the events in the order of $all.
 * Reads are snapshots of some hundred events each.  Nothing may be scavenged
 * meanwhile, or events would be missing between others.
 */
#ifndef STORE_EXPORT_H
#define STORE_EXPORT_H

#include <stdint.h>

#include "store/err.h"
#include "store/slice.h"

struct store;

/* Some whole lines.  Other than ERR_OK ends the export, and is returned. */
typedef enum err export_write_f(void *arg, struct slice lines);

struct export
{
	export_write_f *write;
	void *arg;
	struct slice stream; /* and its metastream; empty: everything */

	/* How far it is; write may look. */
	uint64_t events;   /* written */
	uint64_t position; /* of the next one to look at */
	uint64_t end;      /* what comes later is left out */
};

/*
 * ERR_NO_STREAM: neither the stream nor its metastream was ever written.
 * ERR_NO_MEMORY, what write returned, and what txn.h names.
 */
enum err export_run(struct store *, struct export *);

#endif
