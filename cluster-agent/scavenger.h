/*
 * scavenger - when the store is scavenged: now and then, or when asked for.
 *
 * Layer: cluster-agent.  A thread of its own makes one pass at a time.  What
 * the last one did stands in the file `scavenged` of the data folder, as a
 * line of JSON; the file's time is when it did it, so that a node that is
 * started often is scavenged nevertheless.
 */
#ifndef CLUSTER_AGENT_SCAVENGER_H
#define CLUSTER_AGENT_SCAVENGER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"
#include "store/scavenge.h"

struct env;
struct json_t; /* jansson's */
struct role;
struct scavenger;

struct scavenger_options {
	struct env *env;
	const char *dir;      /* the data folder; must stay */
	unsigned every_hours; /* from one pass to the next; 0: when asked */
	struct role *role;    /* only a master scavenges; NULL: it is one */
};

struct scavenger *scavenger_start(const struct scavenger_options *);

/* Break off a pass, and end.  Nobody uses it any more. */
void scavenger_stop(struct scavenger **);

/* How a pass gets on. */
struct scavenger_pass {
	uint64_t number;
	bool is_over;
	enum err outcome; /* if it is over */
	struct scavenge did;
};

/*
 * Begin a pass, without waiting for it; *number names it.
 * ERR_TAKEN: there is one already, whose number that is.  ERR_BUSY: see
 * scavenger_hold().  ERR_NOT_MASTER.
 */
enum err scavenger_ask(struct scavenger *, uint64_t *number);

/*
 * How the pass named by pass->number, one of the last two, gets on: waits at
 * most ms milliseconds for it to be over.
 */
void scavenger_look(
    struct scavenger *, struct scavenger_pass *pass, int64_t ms);

/*
 * Let no pass begin until it is released as often as held.  One that has begun
 * goes on: scavenger_rests() waits for its end, at most ms milliseconds.
 */
void scavenger_hold(struct scavenger *);
void scavenger_release(struct scavenger *);
bool scavenger_rests(struct scavenger *, int64_t ms);

/* What a pass did, for an answer or the file; the caller's to drop. */
struct json_t *scavenger_report(const struct scavenge *);

#endif
