/*
 * conf_cluster - the section "cluster" of rill.json.
 *
 * Layer: store, for conf.  The same section stands in the file of every
 * node, but for "listen", which says which of the nodes this one is.
 */
#ifndef STORE_CONF_CLUSTER_H
#define STORE_CONF_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "store/err.h"

struct json_value;

#define CONF_MAX_NODES 9

/* How many nodes must have an append before it is acknowledged. */
enum conf_acks {
	CONF_ACKS_QUORUM, /* more than half of all, this one included */
	CONF_ACKS_ALL
};

/* When a replica counts as having it. */
enum conf_replica_durability {
	CONF_REPLICA_DISK, /* it wrote its log and waited for the disk */
	CONF_REPLICA_OS    /* it wrote its log */
};

struct conf_node {
	char *listen; /* HOST:PORT, as in the file */
	char *host;   /* of it, without brackets */
	uint16_t port;
	char *url; /* where clients find it; as conf.url */
};

struct conf_cluster {
	struct conf_node nodes[CONF_MAX_NODES]; /* the first makes the group */
	size_t nnodes;                          /* 1 to CONF_MAX_NODES */
	size_t self;                            /* which of them this one is */
	enum conf_acks acks;                    /* "quorum" or "all" */
	enum conf_replica_durability replica_durability; /* "disk", "os" */
	unsigned heartbeat_ms;                           /* 20 to 10000; 100 */
	unsigned log_keep_mb; /* 64 to 1048576; 2048 */
};

/* Where a section is wrong, and how. */
struct conf_fault {
	const char *at; /* in the text that was read */
	char why[512];  /* a line for the operator */
};

/*
 * Read the section.  The caller frees *out.  ERR_INVALID: *out is untouched
 * and the fault says what is wrong and what would be right.
 */
enum err conf_cluster_read(
    struct conf_cluster **out, struct json_value, struct conf_fault *);

/* Clears the pointer; accepts NULL inside. */
void conf_cluster_free(struct conf_cluster **);

/* How many nodes, this one included, are more than half of all. */
size_t conf_cluster_quorum(const struct conf_cluster *);

#endif
