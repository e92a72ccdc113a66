#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cluster-agent/peers.h"
#include "store/alloc.h"
#include "store/buf.h"
#include "store/clock.h"
#include "store/env.h"
#include "store/group.h"
#include "store/log.h"
#include "store/patience.h"

/* A node that need not prove anything asks so much less often. */
#define CALM 5

#define PROBE_MS 200

struct peer {
	struct peers *all;
	size_t node;
	pthread_t thread;
	struct group_line *line;
	struct pulse last;
	int64_t heard_ms; /* 0: never */
};

struct peers {
	struct peers_options options;
	struct peer peers[CONF_MAX_NODES]; /* that of this node is unused */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	uint64_t hurries;
	bool stopping;
};

static void
keep_pulse(struct peer *p, const struct pulse *heard)
{
	pthread_mutex_lock(&p->all->mutex);
	p->last = *heard;
	p->heard_ms = clock_mono_ms();
	pthread_mutex_unlock(&p->all->mutex);
}

static int64_t
answer_ms(const struct peers *all)
{
	int64_t ms = 3 * (int64_t)all->options.conf->heartbeat_ms;

	return ms < 200 ? 200 : ms;
}

/* The node's answer, over a line that is open or can be. */
static enum err
exchange(struct peer *p, const struct pulse *mine, struct pulse *answer)
{
	struct buf request = {0}, came = {0};
	enum err e;

	pulse_msg_encode(&request, mine);
	e = ERR_NO_MEMORY;
	if (!buf_failed(&request))
		e = group_line_ask(
		    p->line, buf_slice(&request), answer_ms(p->all), &came);
	if (e == ERR_OK)
		e = pulse_msg_decode(answer, buf_slice(&came));
	buf_fini(&request);
	buf_fini(&came);
	return e;
}

/* Whether it is of use to open a line; to fail at that takes long. */
static bool
can_be_reached(struct peer *p)
{
	const struct peers_options *o = &p->all->options;
	const struct conf_node *n = &o->conf->nodes[p->node];
	enum err e;

	if (group_line_is_open(p->line))
		return true;
	e = patience_probe(n->host, n->port, PROBE_MS);
	if (e == ERR_NO_EVENT)
		o->gone(o->arg, p->node);
	return e == ERR_OK;
}

/* True: in a hurry to be asked again. */
static bool
ask(struct peer *p)
{
	const struct peers_options *o = &p->all->options;
	struct pulse mine, answer;
	bool in_a_hurry = o->describe(o->arg, &mine);
	int64_t asked_ms;

	if (!can_be_reached(p))
		return in_a_hurry;
	asked_ms = clock_mono_ms();
	if (exchange(p, &mine, &answer) != ERR_OK)
		return in_a_hurry;
	keep_pulse(p, &answer);
	o->answered(o->arg, p->node, &answer, asked_ms);
	return in_a_hurry;
}

/* False: it is time to stop. */
static bool
rest(struct peers *all, bool in_a_hurry, uint64_t *seen)
{
	int64_t at =
	    clock_mono_ms() +
	    (int64_t)all->options.conf->heartbeat_ms * (in_a_hurry ? 1 : CALM);
	struct timespec until = clock_mono_time(at);
	bool go_on;
	int r = 0;

	pthread_mutex_lock(&all->mutex);
	while (!all->stopping && all->hurries == *seen && r == 0)
		r = pthread_cond_timedwait(&all->wake, &all->mutex, &until);
	*seen = all->hurries;
	go_on = !all->stopping;
	pthread_mutex_unlock(&all->mutex);
	return go_on;
}

static void *
keep_asking(void *arg)
{
	struct peer *p = arg;
	uint64_t seen = 0;
	bool in_a_hurry;

	do
		in_a_hurry = ask(p);
	while (rest(p->all, in_a_hurry, &seen));
	return NULL;
}

static void
start_peer(struct peers *all, size_t node)
{
	struct peer *p = &all->peers[node];

	p->all = all;
	p->node = node;
	p->line = group_line_new(all->options.env, (int)node);
	if (pthread_create(&p->thread, NULL, keep_asking, p) != 0) {
		log_error("peers", "cannot start a thread");
		abort();
	}
}

struct peers *
peers_start(const struct peers_options *o)
{
	struct peers *all = xcalloc(1, sizeof(*all));
	size_t i;

	all->options = *o;
	pthread_mutex_init(&all->mutex, NULL);
	clock_cond_init(&all->wake);
	for (i = 0; i < o->conf->nnodes; i++)
		if (i != o->conf->self)
			start_peer(all, i);
	return all;
}

void
peers_stop(struct peers **allp)
{
	struct peers *all = *allp;
	size_t i;

	if (all == NULL)
		return;
	pthread_mutex_lock(&all->mutex);
	all->stopping = true;
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->mutex);
	for (i = 0; i < all->options.conf->nnodes; i++)
		if (i != all->options.conf->self) {
			pthread_join(all->peers[i].thread, NULL);
			group_line_free(&all->peers[i].line);
		}
	pthread_cond_destroy(&all->wake);
	pthread_mutex_destroy(&all->mutex);
	free(all);
	*allp = NULL;
}

void
peers_hurry(struct peers *all)
{
	pthread_mutex_lock(&all->mutex);
	all->hurries++;
	pthread_cond_broadcast(&all->wake);
	pthread_mutex_unlock(&all->mutex);
}

void
peers_note(struct peers *all, const struct pulse *heard)
{
	const struct conf_cluster *c = all->options.conf;
	size_t i;

	for (i = 0; i < c->nnodes; i++)
		if (i != c->self &&
		    strcmp(c->nodes[i].listen, heard->listen) == 0)
			keep_pulse(&all->peers[i], heard);
}

bool
peers_last(
    struct peers *all, size_t node, struct pulse *last, int64_t *heard_ms)
{
	pthread_mutex_lock(&all->mutex);
	*last = all->peers[node].last;
	*heard_ms = all->peers[node].heard_ms;
	pthread_mutex_unlock(&all->mutex);
	return *heard_ms != 0;
}
