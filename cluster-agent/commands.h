/*
 * commands - what the agent does when it is asked over the control socket.
 *
 * Layer: cluster-agent.  A table with one function for each command; to add
 * one, write its function, add a line to the table, and what it works on to
 * struct commands.
 *
 *   ping       {"pid": N}: the custodian in office answers
 *   backup     what archivist_report() says.  With {"begin": "increment"}, or
 *              "full", a backup is begun first, unless one is being made.
 *              Refused as "busy": rillctl makes one; as "invalid": no
 *              folder is configured.
 *   scavenge   begin a pass; {"pass": N}.  With {"wait": true} it is told how
 *              the pass gets on, and the result comes when it is over, with
 *              the members of scavenger_report().  Refused as "taken": there
 *              is one already; as "busy": an export is being made; as
 *              "not master": ask the master's agent.
 *   cluster    {"members": [...]}: what this node knows of each: "url",
 *              "listen", "role", "position" (the next event's), "isSelf", and
 *              "ageMs" since it was heard of; those that were not have only
 *              "url" and "isSelf".  A node that is alone is the only member.
 *   step_down  {}: this node gives up being master, and another is elected
 *              in a moment.  Refused as "busy": an export is being made; as
 *              "not master": it is not.
 *   forget     {}: the node that listened at {"address": "HOST:PORT"}, which
 *              the configuration does not name, is no member any more.
 *              Refused as "invalid": there is no such member; as "io": no
 *              master could be asked.
 *   hold       {"what": "logs"}: no log file is removed, or {"what":
 *              "scavenging"}: nothing is scavenged, for as long as the
 *              client stays connected.  {"held": true} is told as progress
 *              when it is so.  Refused as "busy": too many hold something;
 *              as "taken": somebody else holds the logs.
 */
#ifndef CLUSTER_AGENT_COMMANDS_H
#define CLUSTER_AGENT_COMMANDS_H

#include <stdatomic.h>

#include "cluster-agent/control.h"

struct archivist;
struct cluster;
struct conf;
struct keeper;
struct scavenger;

/* The arg of each command. */
struct commands {
	struct scavenger *scavenger;
	struct cluster *cluster; /* NULL: the node is alone */
	const struct conf *conf;
	struct keeper *keeper;
	struct archivist *archivist;
	atomic_uint holders;
};

extern const struct control_command commands_table[];

#endif
