#include "config.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/tally.h"
#include "store/tbl_counters.h"
#include "store/txn.h"
#include "store/wakeup.h"
#include "store/writer.h"

#define QUEUE_MAX_BYTES  ((size_t)256 << 20)
#define BATCH_MAX_JOBS   256
#define BATCH_MAX_EVENTS 4096 /* unless one request alone has more */

/* For a quorum that did not confirm in time, and how often it is looked at. */
#define QUORUM_MS      1000
#define QUORUM_LOOK_MS 2

struct job {
	struct append *a;
	struct job *next;
	size_t bytes;
	enum err result;
	/* Is told of the result; NULL: a thread waits for it. */
	writer_done_f *done;
	void *arg;
	_Atomic uint32_t round; /* of the batch that it will be in, or is */
	atomic_bool is_done;
};

struct writer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct job *first, **last;
	size_t bytes;
	uint32_t round; /* of the next batch */
	/* Futexes: moved when a batch of an even, of an odd round is done, so
	 * that all who wait for one are woken by one call, and nobody else. */
	_Atomic uint32_t done[2];
	atomic_uint waiting; /* in await_thread() */
	bool has_leader;     /* a thread that carries out its own append */
	bool is_idle;        /* the writer's thread has nothing in hand */
	bool stopping;
};

struct batch {
	struct job *jobs[BATCH_MAX_JOBS];
	size_t n;
	size_t events;
	uint32_t round;
	struct role *role;
	uint64_t begin, end; /* the next position before and after it */
};

static bool
may_join(const struct batch *b, const struct job *j)
{
	if (b->n == 0)
		return true;
	return b->n < BATCH_MAX_JOBS && b->events + j->a->n <= BATCH_MAX_EVENTS;
}

/* False when the queue is empty and the writer is to stop. */
static bool
take_batch(struct writer *w, struct batch *b)
{
	struct job *j;

	b->n = 0;
	b->events = 0;
	pthread_mutex_lock(&w->mutex);
	w->is_idle = true;
	while (w->has_leader || (w->first == NULL && !w->stopping))
		pthread_cond_wait(&w->filled, &w->mutex);
	w->is_idle = false;
	while ((j = w->first) != NULL && may_join(b, j)) {
		b->jobs[b->n++] = j;
		b->events += j->a->n;
		w->bytes -= j->bytes;
		if ((w->first = j->next) == NULL)
			w->last = &w->first;
	}
	b->round = w->round++;
	for (; j != NULL; j = j->next)
		atomic_store(&j->round, w->round);
	tally_move(store_tally(w->store), TALLY_QUEUED, -(int64_t)b->n);
	pthread_mutex_unlock(&w->mutex);
	return b->n > 0;
}

/*
 * What an answer tells must not be taken back by a failover, whether it is a
 * success that repeats an earlier one or a refusal: if a quorum has not yet
 * confirmed what it rests on, it must confirm one more commit.
 */
static bool
rests_on_unacked(const struct batch *b)
{
	return role_has_peers(b->role) && role_acked(b->role) < b->end;
}

/* The body of the transaction. */
static enum err
apply_batch(struct txn *tx, void *arg)
{
	struct batch *b = arg;
	struct counters counters;
	struct append_batch shared = {
	    .next = &counters, .now = clock_now_ticks()};
	size_t i;
	enum err e;

	if ((e = tbl_counters_get_for_update(tx, &counters)) != ERR_OK)
		return e;
	b->begin = counters.position;
	for (i = 0; i < b->n; i++)
		if ((e = append_apply(tx, b->jobs[i]->a, &shared)) != ERR_OK)
			return e;
	b->end = counters.position;
	if (b->end == b->begin && !rests_on_unacked(b))
		return ERR_OK;
	return tbl_counters_put(tx, &counters);
}

/*
 * A replica may be slow, or its connection just being made.  The agent
 * commits again and again until a quorum confirms, which confirms all that
 * was committed before, in the same tenure.
 */
static enum err
await_quorum(const struct batch *b, uint64_t tenure)
{
	int64_t deadline = clock_mono_ms() + QUORUM_MS;
	uint64_t now;

	while (role_acked(b->role) < b->end) {
		if (!role_is_master(b->role, &now) || now != tenure ||
		    clock_mono_ms() >= deadline)
			return ERR_NOT_ACKED;
		clock_sleep_ms(QUORUM_LOOK_MS);
	}
	return ERR_OK;
}

/* What was written, after it was confirmed. */
static void
count(struct tally *t, const struct batch *b, int64_t since_us)
{
	uint64_t bytes = 0, granted = 0;
	size_t i, k;

	for (i = 0; i < b->n; i++) {
		const struct append *a = b->jobs[i]->a;

		if (a->outcome != ERR_OK)
			continue;
		granted++;
		for (k = 0; k < a->n; k++)
			bytes += a->events[k].record_len;
	}
	tally_add(t, TALLY_APPENDS, granted);
	tally_add(t, TALLY_EVENT_BYTES, bytes);
	tally_add(t, TALLY_EVENTS, b->end - b->begin);
	tally_add(t, TALLY_COMMITS, 1);
	tally_add(t, TALLY_COMMIT_US, (uint64_t)(clock_mono_us() - since_us));
}

static enum err
run(struct writer *w, struct batch *b)
{
	int64_t since_us = clock_mono_us();
	uint64_t tenure;
	enum err e;

	b->role = store_role(w->store);
	if (!role_is_master(b->role, &tenure) && role_has_peers(b->role))
		return ERR_NOT_MASTER;
	e = txn_run(w->store, TXN_WRITE, apply_batch, b);
	/* A node that is alone may have been recovered meanwhile. */
	if (e == ERR_OK && !role_has_peers(b->role))
		role_is_master(b->role, &tenure);
	if (e == ERR_OK)
		role_raise_acked(b->role, tenure, b->end);
	if (e == ERR_NOT_ACKED)
		e = await_quorum(b, tenure);
	if (e == ERR_OK)
		count(store_tally(w->store), b, since_us);
	return e;
}

/* Failures that may be the fault of one request, not of all. */
static bool
worth_splitting(const struct batch *b, enum err e)
{
	return b->n > 1 &&
	       (e == ERR_NO_MEMORY || e == ERR_CORRUPT || e == ERR_BUSY ||
		   e == ERR_IO || e == ERR_DISK_FULL || e == ERR_TAKEN ||
		   e == ERR_TOO_LARGE);
}

static void
run_alone(struct writer *w, struct batch *b)
{
	struct batch one = {.n = 1};
	size_t i;

	for (i = 0; i < b->n; i++) {
		one.jobs[0] = b->jobs[i];
		b->jobs[i]->result = run(w, &one);
	}
}

/*
 * Wake those who wait for what was written; not what was refused, but what
 * may have been written without anybody knowing.
 */
static void
wake_readers(struct writer *w, const struct batch *b)
{
	struct slice streams[BATCH_MAX_JOBS];
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		if (b->jobs[i]->result != ERR_OK ||
		    b->jobs[i]->a->outcome == ERR_OK)
			streams[n++] = b->jobs[i]->a->stream;
	if (n > 0)
		wakeup_bump(store_wakeup(w->store), streams, n);
}

/* What came of each is in its job. */
static void
run_batch(struct writer *w, struct batch *b)
{
	enum err e = run(w, b);
	size_t i;

	for (i = 0; i < b->n; i++)
		b->jobs[i]->result = e;
	if (worth_splitting(b, e))
		run_alone(w, b);
	wake_readers(w, b);
	for (i = 0; i < b->n; i++)
		if (b->jobs[i]->result == ERR_OK)
			b->jobs[i]->result = b->jobs[i]->a->outcome;
}

static void
tell_of(struct job *j)
{
	if (j->done == NULL) {
		atomic_store(&j->is_done, true); /* and it is gone */
		return;
	}
	j->done(j->arg, j->result); /* and the append is gone */
	free(j);
}

static void
tell(struct writer *w, const struct batch *b)
{
	_Atomic uint32_t *done = &w->done[b->round % 2];
	size_t i;

	for (i = 0; i < b->n; i++)
		tell_of(b->jobs[i]);
	/* Also when none of these waits: who is left over does. */
	if (atomic_load(&w->waiting) == 0)
		return;
	atomic_fetch_add(done, 1);
	syscall(SYS_futex, done, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Who is left over by its batch is woken once too often. */
static void
await_done(struct writer *w, struct job *j)
{
	_Atomic uint32_t *done;
	uint32_t seen;

	for (;;) {
		done = &w->done[atomic_load(&j->round) % 2];
		seen = atomic_load(done);
		if (atomic_load(&j->is_done))
			return;
		syscall(
		    SYS_futex, done, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
	}
}

static void *
write_on(void *arg)
{
	struct writer *w = arg;
	struct batch *b = xmalloc(sizeof(*b));

	while (take_batch(w, b)) {
		run_batch(w, b);
		tell(w, b);
	}
	free(b);
	return NULL;
}

struct writer *
writer_new(struct store *st)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->store = st;
	w->last = &w->first;
	w->is_idle = true;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->filled, NULL);
	if (pthread_create(&w->thread, NULL, write_on, w) != 0) {
		log_error("writer", "cannot start a thread");
		abort();
	}
	return w;
}

void
writer_free(struct writer **wp)
{
	struct writer *w = *wp;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_signal(&w->filled);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	while (atomic_load(&w->waiting) > 0)
		clock_sleep_ms(1); /* who was told must have heard it */
	pthread_cond_destroy(&w->filled);
	pthread_mutex_destroy(&w->mutex);
	free(w);
	*wp = NULL;
}

static size_t
append_bytes(const struct append *a)
{
	size_t i, n = sizeof(struct job);

	for (i = 0; i < a->n; i++)
		n += a->events[i].record_len;
	return n;
}

static bool
enqueue(struct writer *w, struct job *j)
{
	bool fits;

	pthread_mutex_lock(&w->mutex);
	fits = w->bytes == 0 || w->bytes + j->bytes <= QUEUE_MAX_BYTES;
	if (fits) {
		atomic_store(&j->round, w->round);
		if (j->done == NULL)
			atomic_fetch_add(&w->waiting, 1);
		*w->last = j;
		w->last = &j->next;
		w->bytes += j->bytes;
		tally_move(store_tally(w->store), TALLY_QUEUED, 1);
		if (!w->has_leader)
			pthread_cond_signal(&w->filled);
	}
	pthread_mutex_unlock(&w->mutex);
	return fits;
}

static enum err
await_thread(struct writer *w, struct job *j)
{
	if (!enqueue(w, j))
		return ERR_BUSY;
	await_done(w, j);
	atomic_fetch_sub(&w->waiting, 1); /* and it may be gone */
	return j->result;
}

/* The mutex held. */
static bool
has_nothing_under_way(const struct writer *w)
{
	return w->is_idle && w->first == NULL && !w->has_leader;
}

/* Not in a cluster: the caller may be one of the replication's threads. */
static bool
may_lead(struct writer *w)
{
	bool may;

	if (role_has_peers(store_role(w->store)))
		return false;
	pthread_mutex_lock(&w->mutex);
	may = has_nothing_under_way(w);
	if (may)
		w->has_leader = true;
	pthread_mutex_unlock(&w->mutex);
	return may;
}

/* Who came meanwhile is in the queue, and the thread's. */
static void
stop_leading(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->has_leader = false;
	if (w->first != NULL || w->stopping)
		pthread_cond_signal(&w->filled);
	pthread_mutex_unlock(&w->mutex);
}

/*
 * Who finds nobody at work need not wait for the thread to wake up, and then
 * to be woken: that takes as long as half a flush of the disk.
 */
enum err
writer_append(struct writer *w, struct append *a)
{
	struct job j = {.a = a, .bytes = append_bytes(a)};
	struct batch alone = {.jobs = {&j}, .n = 1};

	if (!may_lead(w))
		return await_thread(w, &j);
	run_batch(w, &alone);
	stop_leading(w);
	return j.result;
}

bool
writer_is_busy(struct writer *w)
{
	bool is_busy;

	pthread_mutex_lock(&w->mutex);
	is_busy = !has_nothing_under_way(w);
	pthread_mutex_unlock(&w->mutex);
	return is_busy;
}

enum err
writer_append_later(
    struct writer *w, struct append *a, writer_done_f *done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	*j = (struct job){
	    .a = a, .bytes = append_bytes(a), .done = done, .arg = arg};
	if (enqueue(w, j))
		return ERR_OK;
	free(j);
	return ERR_BUSY;
}

enum err
writer_confirm(struct store *st)
{
	struct batch none = {.role = store_role(st)};
	uint64_t tenure;
	enum err e;

	if (!role_is_master(none.role, &tenure))
		return ERR_NOT_MASTER;
	e = txn_run(st, TXN_WRITE, apply_batch, &none);
	if (e == ERR_OK)
		role_raise_acked(none.role, tenure, none.end);
	return e;
}
