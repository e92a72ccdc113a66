/*
 * tenure - how long a master may believe that it is one.
 *
 * Layer: cluster-agent.  Only arithmetic: it neither asks a clock nor sends
 * anything, so that it can be tested.  Times are of clock_mono_ms().
 *
 * The rule.  A master asks every other node, each few milliseconds, whether it
 * follows it; it believes in itself until lease_ms after the sending of the
 * last question that more than half of the nodes (itself included) said yes
 * to.  Whoever is elected after it says so of itself only when more than half
 * of the nodes have said yes to it, and lease_ms have passed since.
 *
 * Why that suffices.  Two majorities have a node in common.  A node follows
 * one master at a time, and generations of masters only grow: its last yes to
 * the old one came before its first to the new one.  So what the old master
 * asked last was sent before the new one began to wait, and the old one's
 * belief ends before the new one's begins.  Clocks need not agree, only run at
 * about the same speed.
 *
 * There is nothing to wait for if every other node has said yes (a node that
 * follows another no longer believes in itself), or is certainly gone: no
 * process listens there.
 */
#ifndef CLUSTER_AGENT_TENURE_H
#define CLUSTER_AGENT_TENURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/conf_cluster.h"

#define TENURE_NEVER INT64_MIN

struct tenure {
	size_t nnodes, self;
	int64_t lease_ms;
	int64_t majority_at;           /* when the majority was complete */
	int64_t asked[CONF_MAX_NODES]; /* the last question with a yes */
	bool is_gone[CONF_MAX_NODES];
};

/* This node has been elected. */
void tenure_begin(
    struct tenure *, const struct conf_cluster *, int64_t lease_ms);

/* A node said yes to what it was asked at asked_ms; it is now_ms. */
void tenure_confirm(
    struct tenure *, size_t node, int64_t asked_ms, int64_t now_ms);

/* The connection to a node has ended: its last yes does not count. */
void tenure_lose(struct tenure *, size_t node);

/* No process listens at a node. */
void tenure_gone(struct tenure *, size_t node);

/* Whether the time has come to say so. */
bool tenure_may_begin(const struct tenure *, int64_t now_ms);

/* Until when it may be believed; TENURE_NEVER: not at all. */
int64_t tenure_until(const struct tenure *, int64_t now_ms);

#endif
