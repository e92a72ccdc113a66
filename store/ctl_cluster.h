/*
 * ctl_cluster - rillctl cluster and rillctl step-down.
 *
 * Layer: store, of rillctl.  Both ask the agent; see cluster-agent/commands.h.
 */
#ifndef STORE_CTL_CLUSTER_H
#define STORE_CTL_CLUSTER_H

struct conf;

/* Both return an exit status; what went wrong is printed. */
int ctl_cluster(const struct conf *);
int ctl_step_down(const struct conf *);

#endif
