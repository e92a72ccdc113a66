/*
 * keeper - checkpoints, and the removal of log files from before them.
 *
 * Layer: store, for the agent.  A thread of its own, since a checkpoint may
 * take seconds and must not keep the agent from noticing a death.
 */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

struct env;
struct keeper;

struct keeper *keeper_start(struct env *);

/* Write a last checkpoint and end the thread. */
void keeper_stop(struct keeper **);

#endif
