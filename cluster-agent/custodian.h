/*
 * custodian - the agent's work: recover the environment, let the workers in,
 * watch over them, and begin anew when one dies.
 *
 * Layer: cluster-agent.  Runs in a process of its own below the supervisor,
 * so that beginning anew means a fresh process.
 */
#ifndef CLUSTER_AGENT_CUSTODIAN_H
#define CLUSTER_AGENT_CUSTODIAN_H

struct conf;

/*
 * Look after the store until SIGTERM or SIGINT, both of which the caller has
 * blocked.  Returns an exit status: 0 after a stop; EX_TEMPFAIL when the
 * environment needs recovery, to be started again at once; EX_UNAVAILABLE
 * when it could not be opened, to be tried again later;
 * CUSTODIAN_STANDS_BACK when it steps down as master, or has got tables of
 * another version in its cluster, to be started again when the others have had
 * time to elect another.
 *
 * After all but 0 its threads may still run, and use the conf: the caller ends
 * the process, with _exit(2).
 */
#define CUSTODIAN_STANDS_BACK 1
int custodian_run(const struct conf *);

#endif
