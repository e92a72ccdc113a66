/*
 * fixture_agent - a worker's store under a real agent of its own.
 *
 * Layer: tests.  The agent is started and ended by a process that was forked
 * before the test's own threads began, so a test may do so at any time.
 */
#ifndef TESTS_UNIT_FIXTURE_AGENT_H
#define TESTS_UNIT_FIXTURE_AGENT_H

#include "tests/unit/fixture_child.h"
#include "tests/unit/fixture_store.h"

#define FIXTURE_PATIENCE_MS 20000

struct node {
	struct fixture f; /* f.store: this process's place in it */
	struct child nurse;
	struct child other; /* what a test started beside it, or zero */
};

/* Setup: a folder, and somebody who could start an agent. */
int node_setup(void **state);

/* Setup: the same, with agent and store. */
int node_setup_open(void **state);

/* Closes what is open, and ends who still runs. */
int node_teardown(void **state);

/* Returns when it is begun; whoever works on the store waits by itself. */
void node_start_agent(struct node *);

/* SIGTERM, or SIGKILL for agent and custodian, and wait for the end. */
void node_stop_agent(struct node *);
void node_kill_agent(struct node *);

/* Open this process's store, or that of a child of the test. */
void node_open_store(struct node *, int64_t patience_ms);

#endif
