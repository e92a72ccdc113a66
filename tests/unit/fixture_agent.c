#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cluster-agent/supervisor.h"
#include "store/alloc.h"
#include "store/conf.h"
#include "store/log.h"
#include "store/store.h"
#include "tests/unit/fixture_agent.h"

#define CACHE_MB   16
#define TIME_LIMIT 120 /* seconds for a test, which else hangs */

/* What the nurse is told; it answers each with DONE. */
#define START 's'
#define STOP  't'
#define KILL  'k'
#define DONE  'd'

static int
be_agent(struct child *self, void *arg)
{
	struct node *n = arg;
	char url[] = "http://127.0.0.1:2113";
	struct conf conf = {.data = n->f.dir,
	    .url = url,
	    .cache_mb = CACHE_MB,
	    .durability = CONF_DISK};

	close(self->from);
	close(self->to);
	return supervisor_run(&conf);
}

static void
end_agent(struct child *agent, int sig)
{
	if (agent->pid == 0)
		return;
	kill(agent->pid, sig);
	child_end(agent);
}

static int
nurse(struct child *self, void *arg)
{
	struct child agent = {0};
	int word;

	while ((word = child_hear(self)) >= 0) {
		if (word == START)
			agent = child_start(be_agent, arg);
		else
			end_agent(&agent, word == KILL ? SIGKILL : SIGTERM);
		child_say(self, DONE);
	}
	end_agent(&agent, SIGTERM);
	return 0;
}

static void
tell_nurse(struct node *n, char word)
{
	child_say(&n->nurse, word);
	assert_int_equal(child_hear(&n->nurse), DONE);
}

void
node_start_agent(struct node *n)
{
	tell_nurse(n, START);
}

void
node_stop_agent(struct node *n)
{
	tell_nurse(n, STOP);
}

void
node_kill_agent(struct node *n)
{
	tell_nurse(n, KILL);
}

void
node_open_store(struct node *n, int64_t patience_ms)
{
	struct store_options o = {.program = "test",
	    .dir = n->f.dir,
	    .cache_bytes = (size_t)CACHE_MB << 20,
	    .sync = true,
	    .patience_ms = patience_ms};

	assert_int_equal(store_open(&n->f.store, &o), ERR_OK);
}

int
node_setup(void **state)
{
	struct node *n = xcalloc(1, sizeof(*n));

	log_init("test", LOG_LEVEL_ERROR);
	alarm(TIME_LIMIT);
	fixture_make_dir(&n->f);
	n->nurse = child_start(nurse, n);
	*state = n;
	return 0;
}

int
node_setup_open(void **state)
{
	if (node_setup(state) != 0)
		return -1;
	node_start_agent(*state);
	node_open_store(*state, FIXTURE_PATIENCE_MS);
	return 0;
}

int
node_teardown(void **state)
{
	struct node *n = *state;

	store_close(&n->f.store);
	child_kill(&n->other);
	node_stop_agent(n);
	close(n->nurse.to);
	n->nurse.to = -1;
	child_end(&n->nurse);
	fixture_remove_dir(&n->f);
	free(n);
	return 0;
}
