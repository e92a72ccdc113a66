/*
 * archivist - backups of the store to the configured folder, when asked for.
 *
 * Layer: cluster-agent.  A thread of its own makes one backup at a time, with
 * store/backup.h.  What came of the last one stands in the file `backed_up`
 * of the data folder, as the member "last" of archivist_report() does.
 */
#ifndef CLUSTER_AGENT_ARCHIVIST_H
#define CLUSTER_AGENT_ARCHIVIST_H

#include <stdbool.h>

#include "store/err.h"

struct archivist;
struct env;
struct json_t; /* jansson's */
struct keeper;
struct store;

struct archivist_options {
	struct env *env;
	struct store *store; /* that of env in a cluster; NULL: alone */
	struct keeper *keeper;
	const char *data;   /* the data folder; must stay */
	const char *folder; /* of the backup; must stay; NULL: none */
};

struct archivist *archivist_start(const struct archivist_options *);

/* Break off a backup, and end.  Nobody uses it any more. */
void archivist_stop(struct archivist **);

/*
 * Begin a backup, without waiting for it: an increment if one will do, unless
 * full.  ERR_TAKEN: one is being made already.  ERR_BUSY: somebody else makes
 * one, see archivist_yield().  ERR_INVALID: there is no folder.
 */
enum err archivist_ask(struct archivist *, bool full);

/*
 * {"folder": path or null, "running": null or an object, "last": likewise},
 * for an answer; the caller's to drop.  The inner objects have "begunAt",
 * "isIncrement" and "bytes", the number of bytes copied; "running" also has
 * "bytesExpected", null if unknown, and "last" has "endedAt" and "error", null
 * or a sentence.
 */
struct json_t *archivist_report(struct archivist *);

/*
 * Leave the store to somebody else's backup, until archivist_resume().  False:
 * a backup is being made.
 */
bool archivist_yield(struct archivist *);
void archivist_resume(struct archivist *);

#endif
