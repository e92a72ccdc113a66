/*
 * keeper - checkpoints, the removal of log files from before them, and the
 * making of the next log file before it is needed.
 *
 * Layer: store, for the agent.  Threads of its own, since a checkpoint may
 * take seconds and must not keep the agent from noticing a death.
 */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

struct env;
struct env_log_need;
struct keeper;

/* Fill in what others need.  Called by the keeper's thread. */
typedef void keeper_need_f(void *arg, struct env_log_need *);

/* need NULL: nobody needs any. */
struct keeper *keeper_start(struct env *, keeper_need_f *need, void *arg);

/* Remove no log file, from now on until it is released as often as held. */
void keeper_hold_logs(struct keeper *);
void keeper_release_logs(struct keeper *);

/* Write a last checkpoint and end the threads. */
void keeper_stop(struct keeper **);

#endif
