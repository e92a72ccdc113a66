/*
 * tail - following the end of the store of a node in a cluster.
 *
 * Layer: cluster-agent.  A thread of its own reads the next position every few
 * milliseconds: replication wakes nobody who waits for events, other nodes
 * want to know how far this one is, and what a master's worker committed
 * without a quorum's confirmation is to be confirmed.  It also says when the
 * library lets nobody in: see role_is_calm().
 */
#ifndef CLUSTER_AGENT_TAIL_H
#define CLUSTER_AGENT_TAIL_H

#include <stdbool.h>

struct env;
struct role;
struct store;
struct tail;

struct tail_options {
	struct env *env;
	struct store *store; /* the agent's */
	struct role *role;
};

struct tail *tail_start(const struct tail_options *);

/* Whether the tables cannot be read, again and again. */
bool tail_has_failed(const struct tail *);

/* Accepts NULL inside. */
void tail_stop(struct tail **);

#endif
