/*
 * peers - the other nodes of the cluster, as this one hears of them.
 *
 * Layer: cluster-agent.  One thread for each sends it a pulse again and again
 * and takes the answer (store/pulse_msg.h); what a node sends by itself counts
 * as well.
 */
#ifndef CLUSTER_AGENT_PEERS_H
#define CLUSTER_AGENT_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/conf_cluster.h"
#include "store/pulse_msg.h"

struct env;
struct peers;

/* What the pulses are for. */
struct peers_options {
	struct env *env;
	const struct conf_cluster *conf; /* must stay */

	/* Fill in what is sent; true: in a hurry. */
	bool (*describe)(void *arg, struct pulse *mine);
	/* A node has answered what it was asked at that time. */
	void (*answered)(
	    void *arg, size_t node, const struct pulse *, int64_t asked_ms);
	/* No process listens there. */
	void (*gone)(void *arg, size_t node);
	void *arg;
};

struct peers *peers_start(const struct peers_options *);
void peers_stop(struct peers **);

/* Ask all of them at once. */
void peers_hurry(struct peers *);

/* A pulse came from another node. */
void peers_note(struct peers *, const struct pulse *);

/* The last that was heard of a node.  False: nothing yet. */
bool peers_last(struct peers *, size_t node, struct pulse *, int64_t *heard_ms);

#endif
