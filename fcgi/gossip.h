/*
 * gossip - who is in the cluster, in the reference's forms (contract 6.1).
 *
 * Layer: fcgi, without FastCGI.  The reference has fields for things that
 * Rill has not; those say 0.  Its TCP addresses are those at which agents
 * talk to each other, on the port of "listen"; clients have no use for them.
 */
#ifndef FCGI_GOSSIP_H
#define FCGI_GOSSIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/media.h"
#include "store/slice.h"

struct buf;

struct gossip_member {
	struct slice listen; /* HOST:PORT; empty: the node is alone */
	struct slice url;    /* what clients call it */
	const char *state;   /* "Master", "Slave", "Unknown" */
	bool is_alive;
	int64_t seen;     /* when that was known, in ticks */
	int64_t position; /* of its last event, -1: none, or not known */
};

struct gossip {
	const struct gossip_member *members;
	size_t n;
	struct slice url; /* of the node that answers */
};

/* Append it in one of the types of media_gossip. */
void gossip_print(struct buf *, const struct gossip *, enum media);

#endif
