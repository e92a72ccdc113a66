#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/worker.h"
#include "store/alloc.h"
#include "store/conf.h"
#include "store/store.h"
#include "tests/unit/fixture_agent.h"

#define THREADS      3
#define MOST_STARTED 20 /* by a worker with so few */

/* Threads of this program: begun, not ended, and which is refused; 0: none. */
static atomic_uint started, running, first_refused;

struct start {
	void *(*run)(void *);
	void *arg;
};

static void *
run_counted(void *arg)
{
	struct start start = *(struct start *)arg;
	void *result;

	free(arg);
	result = start.run(start.arg);
	atomic_fetch_sub(&running, 1);
	return result;
}

int
pthread_create(pthread_t *id, const pthread_attr_t *attributes,
    void *(*run)(void *), void *arg)
{
	int (*real)(
	    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *found = dlsym(RTLD_NEXT, "pthread_create");
	unsigned int n = atomic_fetch_add(&started, 1) + 1;
	struct start *start;

	memcpy(&real, &found, sizeof(real));
	if (atomic_load(&first_refused) != 0 &&
	    n >= atomic_load(&first_refused))
		return EAGAIN;
	start = xcalloc(1, sizeof(*start));
	*start = (struct start){run, arg};
	atomic_fetch_add(&running, 1);
	return real(id, attributes, run_counted, start);
}

static unsigned int
count_started_by_store(struct node *n)
{
	unsigned int before = atomic_load(&started);

	node_open_store(n, FIXTURE_PATIENCE_MS);
	store_close(&n->f.store);
	return atomic_load(&started) - before;
}

/* Of a worker, which is told to stop before it begins. */
static enum err
run_with_threads(const struct conf *conf, int fd, unsigned int n)
{
	atomic_store(&started, 0);
	atomic_store(&first_refused, n + 1);
	kill(getpid(), SIGTERM);
	return worker_run(conf, fd);
}

static void
who_cannot_start_a_thread_ends_those_that_it_started(void **state)
{
	struct node *node = *state;
	struct conf conf = {.data = node->f.dir,
	    .threads = THREADS,
	    .cache_mb = 4,
	    .password_cost = 1};
	unsigned int n = count_started_by_store(node), refused = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	while (run_with_threads(&conf, fd, n) != ERR_OK) {
		assert_int_equal(atomic_load(&running), 0);
		refused++;
		assert_true(++n < MOST_STARTED);
	}
	assert_true(refused > THREADS);
	assert_int_equal(atomic_load(&running), 0);
	close(fd);
}

/* As worker_run() wants it. */
static int
setup(void **state)
{
	sigset_t stop;

	if (node_setup(state) != 0)
		return -1;
	node_start_agent(*state);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	return sigprocmask(SIG_BLOCK, &stop, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		who_cannot_start_a_thread_ends_those_that_it_started, setup,
		node_teardown),
	};

	FCGX_Init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
