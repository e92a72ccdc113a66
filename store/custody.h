/*
 * custody - who may be inside the environment, and who may recover it.
 *
 * Layer: store.  Knows locks and files, nothing of Berkeley DB.
 *
 * Four places are locked in the data folder, all with open file description
 * locks, which the kernel gives back when a process dies, however it dies:
 *
 *   agent.lock, byte 0   an agent lives; held by its parent process
 *   agent.lock, byte 1   the environment is ready; held by the process that
 *                        recovered it, for as long as it may be used
 *   env.lock             shared by whoever is inside, the agent included,
 *                        exclusive by the agent while it recovers
 *   workers              one slot a process, locked for the process's life
 *                        and marked while it is inside
 *
 * A marked slot that nobody locks is a process that died inside.  Since the
 * agent cannot lock "ready" anew before it had env.lock alone, a process that
 * holds env.lock shared and sees "ready" locked is under the very agent it
 * started under.
 */
#ifndef STORE_CUSTODY_H
#define STORE_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/err.h"

#define CUSTODY_SLOTS 64

struct custody;

struct custody_member {
	pid_t pid;
	int64_t since; /* ticks */
	bool alive;
	bool in_trouble; /* reported by the process itself */
	char program[24];
};

/*
 * Open the lock files in dir, creating what is missing.
 * ERR_IO: errno says why.
 */
enum err custody_open(struct custody **, const char *dir);

/* Gives everything back that is still held.  Accepts NULL inside. */
void custody_close(struct custody **);

/*
 * For the agent's parent: be the only agent, until custody_close().
 * ERR_TAKEN: another agent is alive.
 */
enum err custody_claim(struct custody *);

/*
 * For the agent: wait until nobody is inside and keep everybody out.
 * Whoever is still inside after grace_ms is killed by its registered pid.
 * Clears the slots of the dead.  ERR_IO: a lock failed.
 */
enum err custody_seize(struct custody *, int64_t grace_ms);

/*
 * For the agent: the environment is recovered, let the others in.  The agent
 * stays inside with them.  ERR_IO.
 */
enum err custody_admit(struct custody *);

/* For the agent: tell whoever is inside to leave. */
void custody_dismiss(struct custody *);

/*
 * For the agent: how many died inside, or reported trouble, since
 * custody_seize().
 */
unsigned int custody_casualties(struct custody *);

/*
 * For a worker: register and go inside, without waiting.
 * ERR_UNAVAILABLE: no agent, no recovered environment, or one of those
 * inside has just died.  ERR_BUSY: all slots are taken.  ERR_IO.
 */
enum err custody_enter(struct custody *, const char *program);

/* For a worker: it is outside again, having closed the environment. */
void custody_leave(struct custody *);

/* For a worker inside: whether its agent still vouches for the environment. */
bool custody_vouched(struct custody *);

/*
 * For a worker inside: the environment needs recovery.  The agent does not
 * ask the library, where it could meet a lock of a process that died.
 */
void custody_report(struct custody *);

/*
 * For a worker inside: sleep until custody_vouched() would be false, or a
 * signal arrives.
 */
void custody_await_dismissal(struct custody *);

/* Whether an agent is alive; needs no registration. */
bool custody_agent_alive(struct custody *);

/* The registered processes, at most n of them; returns how many. */
unsigned int custody_members(
    struct custody *, struct custody_member *, unsigned int n);

#endif
