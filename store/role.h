/*
 * role - what this node is in its cluster, for all of its processes.
 *
 * Layer: store.  A small mapped file in the data folder, `role`, which only
 * the agent writes (but see role_raise_acked()), so that whoever asks needs
 * no system call.  What it says holds while the agent vouches for the
 * environment: see custody.h.
 *
 * A master is one until a moment of the monotonic clock that the agent puts
 * off again and again, as long as more than half of the nodes follow it (see
 * cluster-agent/tenure.h).  When the agent hangs or cannot reach the others,
 * that moment passes, and every process knows by itself.
 *
 * A tenure is the time in which one node is master.  Positions that are
 * acked are on more than half of the nodes: no failover takes them back.
 */
#ifndef STORE_ROLE_H
#define STORE_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/conf_text.h"
#include "store/err.h"

enum role_kind { ROLE_NONE, ROLE_REPLICA, ROLE_MASTER };

/* A master for ever: a node that is alone. */
#define ROLE_FOR_EVER INT64_MAX

struct role_view {
	enum role_kind kind;
	uint64_t tenure; /* grows with every change of role or master */
	char url[CONF_TEXT_MAX + 1]; /* the master's, "" when nobody is */
	uint64_t position; /* the next event's here, as of a moment ago */
	uint64_t master_position; /* likewise at the master, if one is known */
};

struct role;

/* ERR_IO: errno says why. */
enum err role_open(struct role **, const char *dir);
void role_close(struct role **);

/* What the node is now; a master whose time has passed is none. */
void role_look(struct role *, struct role_view *);

/*
 * Whether the node is master at this moment, in *tenure unless NULL.
 * Whoever answers in the master's name asks when the answer is complete.
 */
bool role_is_master(struct role *, uint64_t *tenure);

/* Whether there are others that must confirm what is written. */
bool role_has_peers(struct role *);

/*
 * The members of the group that were met, a bit for each node.  A process that
 * joined the environment before a node became a member never connects to that
 * node (5.3.28: __repmgr_sync_siteaddr only tries sites that it did not know),
 * so it leaves and joins anew.
 */
uint64_t role_members(struct role *);

/*
 * Below this all positions are acked: committed, and with peers confirmed by a
 * quorum.  0: nobody has said so yet in this tenure.
 */
uint64_t role_acked(struct role *);

/*
 * Whether the agent called the library a moment ago and was not locked out, as
 * everybody is by replication while roles change or tables are replaced.
 */
bool role_is_calm(struct role *);

/*
 * For who committed in this tenure, and has seen a quorum confirm it: all
 * below end is acked.  In another tenure it says nothing.
 */
void role_raise_acked(struct role *, uint64_t tenure, uint64_t end);

/* For the agent. */

/* A new tenure: forget what was, be this.  url as in struct role_view. */
void role_assume(struct role *, enum role_kind, const char *url);

/* At its start, before anybody else is let in. */
void role_reset(struct role *, bool has_peers);

/* The master is one until then, in clock_mono_ms(); put off, never back. */
void role_prolong(struct role *, int64_t until_ms);

void role_note_calm(struct role *);
void role_set_members(struct role *, uint64_t members);
void role_set_position(struct role *, uint64_t position);
void role_set_master_position(struct role *, uint64_t position);

/* "master", "replica", "none". */
const char *role_text(enum role_kind);

#endif
