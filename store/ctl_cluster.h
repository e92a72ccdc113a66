/*
 * ctl_cluster - rillctl cluster, step-down and forget.
 *
 * Layer: store, of rillctl.  All ask the agent; see cluster-agent/commands.h.
 */
#ifndef STORE_CTL_CLUSTER_H
#define STORE_CTL_CLUSTER_H

struct conf;
struct ctl_args;

/*
 * All return an exit status; what went wrong is printed.  EX_USAGE: the words
 * are not as they have to be.
 */
int ctl_cluster(const struct conf *);
int ctl_step_down(const struct conf *);
int ctl_forget(const struct conf *, const struct ctl_args *);

#endif
