/*
 * supervisor - the agent's parent process, which only starts it again.
 *
 * Layer: cluster-agent.  It never opens the environment, so nothing that
 * happens in there can harm it; and it holds agent.lock for its life, so
 * there is one agent for a data folder.
 */
#ifndef CLUSTER_AGENT_SUPERVISOR_H
#define CLUSTER_AGENT_SUPERVISOR_H

struct conf;

/*
 * Run the custodian in a child process, again and again, until SIGTERM or
 * SIGINT.  The data folder is made if it is missing.  Returns an exit
 * status; the log says what was wrong.
 */
int supervisor_run(const struct conf *);

#endif
