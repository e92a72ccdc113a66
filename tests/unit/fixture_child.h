/*
 * fixture_child - processes that a test starts, talks to and ends.
 *
 * Layer: tests.  A child says when it is ready and then does what its
 * function goes on to do; it is ended by its pid, at the latest when the
 * test's process is gone.
 */
#ifndef TESTS_UNIT_FIXTURE_CHILD_H
#define TESTS_UNIT_FIXTURE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int from; /* what it says */
	int to;   /* what it is told */
};

/* Runs in the child; what it returns is the exit status. */
typedef int child_f(struct child *self, void *arg);

/*
 * Fork; call it while the process has no other threads.  In the child, from
 * and to are the test's ends.
 */
struct child child_start(child_f *, void *arg);

/* For both sides: one byte to the other, and one from it; -1 at its end. */
void child_say(const struct child *, char);
int child_hear(const struct child *);

/* Wait for the child's end; its exit status, or minus the signal. */
int child_end(struct child *);

/* Whether it has ended; then child_end() does not wait. */
bool child_has_ended(const struct child *);

/* SIGKILL, and wait. */
void child_kill(struct child *);

#endif
