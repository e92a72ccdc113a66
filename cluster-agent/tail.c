#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cluster-agent/tail.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/env.h"
#include "store/group.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/stream.h"
#include "store/wakeup.h"
#include "store/writer.h"

#define LOOK_MS  3
#define FAILURES 200 /* in a row: the tables are opened wrongly */

struct tail {
	struct tail_options options;
	pthread_t thread;
	atomic_bool stopping, failed;
};

static enum err
read_position(struct txn *tx, void *arg)
{
	return stream_next(tx, arg);
}

/* True: others have it too, or it is not ours to see to that. */
static bool
is_confirmed(struct tail *t, uint64_t position)
{
	return role_acked(t->options.role) >= position ||
	       !role_is_master(t->options.role, NULL);
}

/* What is read goes to all; false: it could not be read. */
static bool
follow_end(struct tail *t, uint64_t *last)
{
	uint64_t position;
	enum err e = stream_run(t->options.store, read_position, &position);

	if (e != ERR_OK)
		return e != ERR_IO && e != ERR_CORRUPT;
	role_set_position(t->options.role, position);
	if (position != *last)
		wakeup_bump_all(store_wakeup(t->options.store));
	*last = position;
	if (!is_confirmed(t, position))
		writer_confirm(t->options.store);
	return true;
}

static void *
read_on(void *arg)
{
	struct tail *t = arg;
	unsigned int failures = 0;
	uint64_t last = 0;

	while (!atomic_load(&t->stopping) && !atomic_load(&t->failed)) {
		clock_sleep_ms(LOOK_MS);
		if (group_is_locked_out(t->options.env))
			continue;
		role_note_calm(t->options.role);
		if (!store_is_open(t->options.store))
			continue;
		failures = follow_end(t, &last) ? 0 : failures + 1;
		if (failures >= FAILURES) {
			log_error("tail", "the tables cannot be read");
			atomic_store(&t->failed, true);
		}
	}
	return NULL;
}

struct tail *
tail_start(const struct tail_options *o)
{
	struct tail *t = xcalloc(1, sizeof(*t));

	t->options = *o;
	if (pthread_create(&t->thread, NULL, read_on, t) != 0) {
		log_error("tail", "cannot start a thread");
		abort();
	}
	return t;
}

bool
tail_has_failed(const struct tail *t)
{
	return atomic_load(&t->failed);
}

void
tail_stop(struct tail **tp)
{
	struct tail *t = *tp;

	if (t == NULL)
		return;
	atomic_store(&t->stopping, true);
	pthread_join(t->thread, NULL);
	free(t);
	*tp = NULL;
}
