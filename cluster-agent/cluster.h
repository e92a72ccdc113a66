/*
 * cluster - the agent's part in a cluster: taking part in the group, saying
 * who is master, and carrying out what other nodes send.
 *
 * Layer: cluster-agent.  Threads of its own, because they call the library,
 * where a worker that dies can leave a lock on which a call waits for ever:
 * the custodian must go on watching.
 *
 * A node that has been master and is no longer ends its agent and starts it
 * anew, as after a death: then nobody reads what is rolled back, and nobody
 * counts acknowledgements that were given for a log that was.
 */
#ifndef CLUSTER_AGENT_CLUSTER_H
#define CLUSTER_AGENT_CLUSTER_H

#include <stdbool.h>

#include "cluster-agent/peers.h"
#include "store/env.h"
#include "store/err.h"

struct cluster;
struct conf;
struct custody;
struct env_log_need;
struct role;
struct store;

/*
 * Before the environment is opened.  ERR_INVALID: the data folder holds a
 * store that is not the group's and would be replaced by it; logged.
 * *out must stay where it is until cluster_free().
 */
enum err cluster_new(struct cluster **out, const struct conf *);

/* What env_open() needs to be told; borrowed. */
const struct group_options *cluster_group(struct cluster *);

/*
 * The environment is recovered: take part, and let the workers in when that
 * succeeded.  Returns at once.
 */
enum err cluster_start(struct cluster *, struct env *, struct custody *);

/* What this node is; borrowed. */
struct role *cluster_role(struct cluster *);

/* The store that it keeps, from cluster_start() on; borrowed. */
struct store *cluster_store(struct cluster *);

/* Whether the agent has to begin anew. */
bool cluster_has_failed(struct cluster *);

/*
 * Whether it should not do so at once: the others are to elect, or its tables
 * are another version's, as the log says.  Accepts NULL.
 */
bool cluster_stands_back(struct cluster *);

/* End the threads; the environment can then be closed.  Accepts NULL. */
void cluster_stop(struct cluster *);
void cluster_free(struct cluster **);

/* For the keeper. */
void cluster_need_logs(void *cluster, struct env_log_need *);

/* A member of the cluster, for who asks. */
struct cluster_member {
	bool is_self;
	bool is_known;  /* something was heard of it */
	int64_t age_ms; /* since then */
	struct pulse pulse;
	const char *url;
};
void cluster_member(struct cluster *, size_t node, struct cluster_member *);
size_t cluster_size(struct cluster *);

/* As group_strangers() and group_forget(). */
size_t cluster_strangers(
    struct cluster *, struct group_address *out, size_t max);
enum err cluster_forget(struct cluster *, const char *address);

/* Let another node be master.  ERR_NOT_MASTER. */
enum err cluster_step_down(struct cluster *);

#endif
