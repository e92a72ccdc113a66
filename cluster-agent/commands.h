/*
 * commands - what the agent does when it is asked over the control socket.
 *
 * Layer: cluster-agent.  A table with one function for each command; to add
 * one, write its function, add a line to the table, and what it works on to
 * struct commands.
 *
 *   ping       {"pid": N}: the custodian in office answers
 *   scavenge   begin a pass; {"pass": N}.  With {"wait": true} it is told how
 *              the pass gets on, and the result comes when it is over, with
 *              the members of scavenger_report().  Refused as "taken": there
 *              is one already.
 */
#ifndef CLUSTER_AGENT_COMMANDS_H
#define CLUSTER_AGENT_COMMANDS_H

#include "cluster-agent/control.h"

struct scavenger;

/* The arg of each command. */
struct commands {
	struct scavenger *scavenger;
};

extern const struct control_command commands_table[];

#endif
