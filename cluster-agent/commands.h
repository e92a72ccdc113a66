/*
 * commands - what the agent does when it is asked over the control socket.
 *
 * Layer: cluster-agent.  A table with one function for each command; to add
 * one, write its function, add a line to the table, and what it works on to
 * struct commands.
 *
 *   ping       {"pid": N}: the custodian in office answers
 */
#ifndef CLUSTER_AGENT_COMMANDS_H
#define CLUSTER_AGENT_COMMANDS_H

#include "cluster-agent/control.h"

/* The arg of each command. */
struct commands {
	const char *dir; /* the data folder */
};

extern const struct control_command commands_table[];

#endif
