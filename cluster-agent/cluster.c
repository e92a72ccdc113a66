#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster-agent/cluster.h"
#include "cluster-agent/gathering.h"
#include "cluster-agent/mark.h"
#include "cluster-agent/master_file.h"
#include "cluster-agent/peers.h"
#include "cluster-agent/tail.h"
#include "cluster-agent/tenure.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/conf_cluster.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/env_log.h"
#include "store/forward.h"
#include "store/group.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"

#define LOOK_MS       10
#define JOIN_AGAIN_MS 300
#define FILE_AGAIN_MS 1000 /* after a write that failed */
#define NEVER         INT64_MAX
#define PATIENCE_MS   2000 /* of what other nodes send */
#define LEASE_BEATS   3
#define SYNC_MS       2000 /* beyond that the replica is taken for whole */

struct cluster {
	const struct conf *conf;
	const struct conf_cluster *cc;
	struct group_options group;
	struct env *env;
	struct custody *custody;
	struct store *store;
	struct role *role;
	struct peers *peers;
	struct tail *tail;
	struct gathering *gathering; /* the ruler's own */
	pthread_t ruler;
	int64_t joined_ms; /* when this node was let into the group */
	bool is_started, has_admitted;
	atomic_bool stopping, failed, stands_back;

	sem_t changes; /* something is to be looked at */

	pthread_mutex_t mutex; /* of all below */
	struct group_state state;
	struct tenure tenure;
	bool was_master; /* in the library's eyes, since the start */
	bool is_master;  /* in everybody's */
	enum role_kind told;
	const char *told_url; /* the master's, "" when nobody is */
	int64_t file_due_ms;  /* when what was told is written once more */
	int acks;             /* told the library, or -1 */
};

/* The library may hold a mutex of its own here, so no mutex of ours. */
static void
on_change(void *arg)
{
	struct cluster *c = arg;

	sem_post(&c->changes);
}

static void on_request(void *arg, struct slice request, struct buf *answer);

static void
init(struct cluster *c, const struct conf *conf)
{
	c->conf = conf;
	c->cc = conf->cluster;
	c->told_url = "";
	c->file_due_ms = NEVER;
	c->acks = -1;
	sem_init(&c->changes, 0, 0);
	pthread_mutex_init(&c->mutex, NULL);
	c->group = (struct group_options){.conf = c->cc,
	    .is_agent = true,
	    .may_create = gathering_makes_group(c->cc, conf->data),
	    .on_change = on_change,
	    .serve = on_request,
	    .arg = c};
}

enum err
cluster_new(struct cluster **out, const struct conf *conf)
{
	struct cluster *c = xcalloc(1, sizeof(*c));

	init(c, conf);
	if (!c->group.may_create && gathering_has_own_store(conf->data)) {
		cluster_free(&c);
		return ERR_INVALID;
	}
	*out = c;
	return ERR_OK;
}

const struct group_options *
cluster_group(struct cluster *c)
{
	return &c->group;
}

void
cluster_free(struct cluster **cp)
{
	struct cluster *c = *cp;

	if (c == NULL)
		return;
	sem_destroy(&c->changes);
	pthread_mutex_destroy(&c->mutex);
	free(c);
	*cp = NULL;
}

static int64_t
lease_ms(const struct cluster *c)
{
	return LEASE_BEATS * (int64_t)c->cc->heartbeat_ms;
}

/* Tell everybody what this node is, and who is master. */
static void
tell(struct cluster *c, enum role_kind kind, int master)
{
	const char *url = kind == ROLE_NONE ? "" : c->cc->nodes[master].url;
	int64_t now = clock_mono_ms();
	enum err e;

	if (kind != c->told || strcmp(url, c->told_url) != 0) {
		role_assume(c->role, kind, url);
		c->told = kind;
		c->told_url = url;
		c->file_due_ms = now;
		log_info("cluster", "%s, master: %s", role_text(kind),
		    url[0] == '\0' ? "unknown" : url);
	}
	if (now < c->file_due_ms)
		return;
	e = master_file_write(c->conf->data, kind, url);
	c->file_due_ms = e == ERR_OK ? NEVER : now + FILE_AGAIN_MS;
}

/* Until all nodes are in the group its quorum would be smaller than ours. */
static void
choose_acks(struct cluster *c, const struct group_members *m)
{
	enum conf_acks acks = c->cc->acks;

	if (m->n < c->cc->nnodes || c->cc->nnodes == 2)
		acks = CONF_ACKS_ALL;
	if ((int)acks != c->acks && group_set_acks(c->env, acks) == ERR_OK)
		c->acks = (int)acks;
}

/* The library has made this node master just now. */
static void
take_rule(struct cluster *c)
{
	log_info("cluster", "elected, generation %u", c->state.gen);
	c->was_master = true;
	tenure_begin(&c->tenure, c->cc, lease_ms(c));
	group_set_sync(c->env, true); /* what it commits says so itself */
	peers_hurry(c->peers);
}

/*
 * While a new replica gets its copy of the store, its tables are there by
 * halves, and can even be opened.  That it has all is only said when the
 * master has written something since.
 */
static bool
may_be_whole(struct cluster *c)
{
	bool is_whole;

	pthread_mutex_lock(&c->mutex);
	is_whole = c->state.role != GROUP_CLIENT || c->state.is_synced ||
		   clock_mono_ms() - c->joined_ms > SYNC_MS;
	pthread_mutex_unlock(&c->mutex);
	return is_whole;
}

/*
 * Only who opens a table first can have versions of its pages, and replication
 * opens one, without them, as soon as a record for it comes.  So the tables
 * that are there are opened before it starts, and who makes the group makes
 * them before; when replication came first all the same, with a table that is
 * new here, the agent begins anew.
 */
static bool
open_tables(struct cluster *c, bool create)
{
	enum err e;

	/* To close a table while locked out takes 5 s. */
	if (group_is_locked_out(c->env) || !may_be_whole(c))
		return false;
	e = store_open_tables(c->store, create);
	if (e == ERR_CORRUPT)
		atomic_store(&c->stands_back, true);
	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		atomic_store(&c->failed, true);
	return e == ERR_OK;
}

static void
rule(struct cluster *c)
{
	int64_t now_ms = clock_mono_ms(), until_ms;
	struct group_members members;
	size_t i;

	group_list(c->env, &members);
	choose_acks(c, &members);
	for (i = 0; i < c->cc->nnodes; i++)
		if (i != c->cc->self && !members.is_connected[i])
			tenure_lose(&c->tenure, i);
	until_ms = tenure_until(&c->tenure, now_ms);
	if (!c->is_master)
		c->is_master = tenure_may_begin(&c->tenure, now_ms) &&
			       members.n >= conf_cluster_quorum(c->cc);
	else if (until_ms <= now_ms)
		c->is_master = false;
	if (!c->is_master) {
		tell(c, ROLE_NONE, GROUP_NOBODY);
		return;
	}
	env_use_snapshots(c->env, true);
	tell(c, ROLE_MASTER, (int)c->cc->self);
	role_prolong(c->role, until_ms);
}

static void
obey(struct cluster *c)
{
	int master = c->state.master;
	struct group_members members;

	group_list(c->env, &members);
	env_use_snapshots(c->env, false);
	group_set_sync(
	    c->env, c->conf->durability == CONF_DISK &&
			c->cc->replica_durability == CONF_REPLICA_DISK);
	if (master == GROUP_NOBODY || master == (int)c->cc->self ||
	    !members.is_connected[master])
		tell(c, ROLE_NONE, GROUP_NOBODY);
	else
		tell(c, ROLE_REPLICA, master);
}

/* One look at what the library says, with the mutex. */
static void
decide(struct cluster *c)
{
	bool is_new = c->state.role == GROUP_IS_MASTER && !c->was_master;

	if (c->state.role != GROUP_IS_MASTER && c->was_master) {
		tell(c, ROLE_NONE, GROUP_NOBODY);
		log_info("cluster", "no longer master, beginning anew");
		atomic_store(&c->failed, true);
	} else if (c->state.role == GROUP_IS_MASTER) {
		if (is_new)
			take_rule(c);
		rule(c);
	} else {
		obey(c);
	}
}

/* A node that is only being let in is on the list, and not connected. */
static void
tell_members(struct cluster *c)
{
	uint64_t members = role_members(c->role);
	struct group_members m;
	size_t i;

	group_list(c->env, &m);
	for (i = 0; i < c->cc->nnodes; i++)
		if (m.is_connected[i])
			members |= (uint64_t)1 << i;
	role_set_members(c->role, members);
	gathering_note(c->gathering, &m, c->told != ROLE_NONE, clock_mono_ms());
}

/* See gathering.h. */
static void
take_advice(struct cluster *c, const struct group_state *s)
{
	switch (gathering_advise(c->gathering, s, clock_mono_ms())) {
	case GATHERING_GO_ON:
		return;
	case GATHERING_RULE:
		if (!store_is_open(c->store))
			return;
		log_warn("cluster", "all other nodes have nothing, ruling");
		if (group_rule(c->env) == ERR_OK)
			return;
		break;
	case GATHERING_JOIN:
		log_warn("cluster", "put out of the group, joining again");
		break;
	}
	atomic_store(&c->failed, true);
}

/* The workers have nothing to do here before there are tables. */
static void
admit(struct cluster *c)
{
	c->has_admitted = true;
	if (custody_admit(c->custody) != ERR_OK)
		atomic_store(&c->failed, true);
}

static void
look(struct cluster *c)
{
	struct group_state s;
	bool is_ready, is_master;

	if (group_look(c->env, &s) != ERR_OK)
		return;
	tell_members(c);
	take_advice(c, &s);
	is_master = s.role == GROUP_IS_MASTER;
	is_ready = store_is_open(c->store) || open_tables(c, is_master);
	if (is_ready && !c->has_admitted)
		admit(c);
	pthread_mutex_lock(&c->mutex);
	/* A node that is elected twice in a row was something else between. */
	if (c->was_master && s.gen != c->state.gen)
		s.role = GROUP_CLIENT;
	c->state = s;
	if (is_ready || !is_master)
		decide(c);
	pthread_mutex_unlock(&c->mutex);
}

/* Until something changes, or ms have passed.  False: it is time to stop. */
static bool
rest(struct cluster *c, int64_t ms)
{
	struct timespec until = clock_mono_time(clock_mono_ms() + ms);

	sem_clockwait(&c->changes, CLOCK_MONOTONIC, &until);
	while (sem_trywait(&c->changes) == 0)
		continue;
	return !atomic_load(&c->stopping) && !atomic_load(&c->failed);
}

/* A node that is not in the group yet asks until somebody lets it in. */
static enum err
join(struct cluster *c)
{
	bool was_told = false;
	enum err e;

	if (!open_tables(c, c->group.may_create) && atomic_load(&c->failed))
		return ERR_RECOVERY;
	while ((e = group_start(c->env, &c->group)) == ERR_NO_MASTER) {
		if (!was_told)
			log_info("cluster", "waiting for the other nodes");
		was_told = true;
		gathering_call(c->cc, c->conf->data);
		/* There may be no group to wait for. */
		if (c->cc->self == 0 && !gathering_others_take_part(c->cc))
			return ERR_RECOVERY;
		if (!rest(c, JOIN_AGAIN_MS))
			return ERR_UNAVAILABLE;
	}
	return e;
}

/* What this node tells the others of itself. */
static void
describe_self(struct cluster *c, struct pulse *p)
{
	struct role_view view;

	role_look(c->role, &view);
	*p = (struct pulse){.role = view.kind,
	    .gen = c->state.gen,
	    .position = view.position,
	    .log_file = c->state.log_file};
	memcpy(p->listen, c->cc->nodes[c->cc->self].listen,
	    strlen(c->cc->nodes[c->cc->self].listen) + 1);
}

static bool
describe(void *arg, struct pulse *mine)
{
	struct cluster *c = arg;
	bool in_a_hurry;

	pthread_mutex_lock(&c->mutex);
	describe_self(c, mine);
	in_a_hurry = c->was_master;
	pthread_mutex_unlock(&c->mutex);
	return in_a_hurry;
}

static void
answered(void *arg, size_t node, const struct pulse *answer, int64_t asked_ms)
{
	struct cluster *c = arg;

	pthread_mutex_lock(&c->mutex);
	if (c->was_master && answer->follows && answer->gen == c->state.gen) {
		tenure_confirm(&c->tenure, node, asked_ms, clock_mono_ms());
		on_change(c);
	}
	pthread_mutex_unlock(&c->mutex);
}

static void
gone(void *arg, size_t node)
{
	struct cluster *c = arg;

	pthread_mutex_lock(&c->mutex);
	if (c->was_master) {
		tenure_gone(&c->tenure, node);
		on_change(c);
	}
	pthread_mutex_unlock(&c->mutex);
}

/*
 * Whether this node follows who asks.  Looked up anew: it may have turned to
 * another since.
 */
static bool
follows(struct cluster *c, const struct pulse *asks)
{
	struct group_state s;
	bool yes;

	if (group_look(c->env, &s) != ERR_OK || s.role != GROUP_CLIENT ||
	    s.master < 0 || s.gen != asks->gen ||
	    strcmp(c->cc->nodes[s.master].listen, asks->listen) != 0)
		return false;
	pthread_mutex_lock(&c->mutex);
	yes = !c->was_master;
	pthread_mutex_unlock(&c->mutex);
	return yes;
}

static void
answer_pulse(struct cluster *c, struct slice request, struct buf *answer)
{
	struct pulse asks, mine;
	bool yes;

	if (pulse_msg_decode(&asks, request) != ERR_OK)
		return;
	yes = follows(c, &asks);
	pthread_mutex_lock(&c->mutex);
	describe_self(c, &mine);
	if (c->peers != NULL)
		peers_note(c->peers, &asks);
	pthread_mutex_unlock(&c->mutex);
	if (asks.role == ROLE_MASTER)
		role_set_master_position(c->role, asks.position);
	mine.follows = yes;
	pulse_msg_encode(answer, &mine);
}

static void
on_request(void *arg, struct slice request, struct buf *answer)
{
	struct cluster *c = arg;

	if (pulse_msg_is(request))
		answer_pulse(c, request, answer);
	else
		forward_serve(c->store, request, answer);
}

static void
meet_peers(struct cluster *c)
{
	struct peers_options o = {.env = c->env,
	    .conf = c->cc,
	    .describe = describe,
	    .answered = answered,
	    .gone = gone,
	    .arg = c};
	struct peers *peers = peers_start(&o);

	pthread_mutex_lock(&c->mutex);
	c->peers = peers;
	pthread_mutex_unlock(&c->mutex);
}

static void *
rule_on(void *arg)
{
	struct cluster *c = arg;
	enum err e;

	if ((e = join(c)) == ERR_OK)
		e = mark_make(c->conf->data);
	if (e != ERR_OK) {
		if (!atomic_load(&c->stopping))
			atomic_store(&c->failed, true);
		return NULL;
	}
	log_info("cluster", "in the group, listening at %s",
	    c->cc->nodes[c->cc->self].listen);
	c->joined_ms = clock_mono_ms();
	c->gathering = gathering_new(c->cc, c->conf->data);
	meet_peers(c);
	do
		look(c);
	while (rest(c, LOOK_MS));
	gathering_free(&c->gathering);
	return NULL;
}

static enum err
start_threads(struct cluster *c)
{
	c->tail = tail_start(&(struct tail_options){
	    .env = c->env, .store = c->store, .role = c->role});
	if (pthread_create(&c->ruler, NULL, rule_on, c) != 0) {
		log_error("cluster", "cannot start a thread");
		return ERR_IO;
	}
	c->is_started = true;
	return ERR_OK;
}

enum err
cluster_start(struct cluster *c, struct env *env, struct custody *custody)
{
	struct store_options o = {.program = "rill-agent",
	    .dir = c->conf->data,
	    .patience_ms = PATIENCE_MS,
	    .cluster = c->cc};
	enum err e;

	c->env = env;
	c->custody = custody;
	if ((e = role_open(&c->role, c->conf->data)) != ERR_OK)
		return e;
	role_reset(c->role, true);
	e = master_file_write(c->conf->data, ROLE_NONE, "");
	if (e == ERR_OK)
		e = store_adopt(&c->store, &o, env);
	return e == ERR_OK ? start_threads(c) : e;
}

struct role *
cluster_role(struct cluster *c)
{
	return c->role;
}

struct store *
cluster_store(struct cluster *c)
{
	return c->store;
}

bool
cluster_has_failed(struct cluster *c)
{
	return c != NULL && (atomic_load(&c->failed) ||
				(c->tail != NULL && tail_has_failed(c->tail)));
}

/* The keeper and the library's threads still ask for them. */
static void
leave_peers(struct cluster *c)
{
	struct peers *peers;

	pthread_mutex_lock(&c->mutex);
	peers = c->peers;
	c->peers = NULL;
	pthread_mutex_unlock(&c->mutex);
	peers_stop(&peers);
}

void
cluster_stop(struct cluster *c)
{
	if (c == NULL || !c->is_started)
		return;
	atomic_store(&c->stopping, true);
	on_change(c);
	pthread_join(c->ruler, NULL);
	tail_stop(&c->tail);
	pthread_mutex_lock(&c->mutex);
	tell(c, ROLE_NONE, GROUP_NOBODY);
	pthread_mutex_unlock(&c->mutex);
	leave_peers(c);
	c->is_started = false;
}

void
cluster_need_logs(void *arg, struct env_log_need *need)
{
	struct cluster *c = arg;
	struct pulse last;
	int64_t heard_ms;
	size_t i;

	need->keep_bytes = (uint64_t)c->cc->log_keep_mb << 20;
	pthread_mutex_lock(&c->mutex);
	for (i = 0; i < c->cc->nnodes; i++) {
		if (i == c->cc->self)
			continue;
		/* Who was not heard of may need all there is. */
		if (c->peers == NULL ||
		    !peers_last(c->peers, i, &last, &heard_ms))
			need->from_file = 0;
		else if (last.log_file < need->from_file)
			need->from_file = last.log_file;
	}
	pthread_mutex_unlock(&c->mutex);
}

size_t
cluster_size(struct cluster *c)
{
	return c->cc->nnodes;
}

void
cluster_member(struct cluster *c, size_t node, struct cluster_member *m)
{
	int64_t heard_ms;

	*m = (struct cluster_member){
	    .is_self = node == c->cc->self, .url = c->cc->nodes[node].url};
	pthread_mutex_lock(&c->mutex);
	if (m->is_self) {
		describe_self(c, &m->pulse);
		m->is_known = true;
	} else if (c->peers != NULL &&
		   peers_last(c->peers, node, &m->pulse, &heard_ms)) {
		m->is_known = true;
		m->age_ms = clock_mono_ms() - heard_ms;
	}
	pthread_mutex_unlock(&c->mutex);
}

size_t
cluster_strangers(struct cluster *c, struct group_address *out, size_t max)
{
	return group_strangers(c->env, out, max);
}

enum err
cluster_forget(struct cluster *c, const char *address)
{
	enum err e = group_forget(c->env, address);

	if (e == ERR_OK)
		log_info("cluster", "%s was put out of the group", address);
	return e;
}

bool
cluster_stands_back(struct cluster *c)
{
	return c != NULL && atomic_load(&c->stands_back);
}

enum err
cluster_step_down(struct cluster *c)
{
	enum err e = ERR_NOT_MASTER;

	pthread_mutex_lock(&c->mutex);
	if (c->is_master) {
		log_info("cluster", "stepping down, as asked");
		atomic_store(&c->stands_back, true);
		atomic_store(&c->failed, true);
		e = ERR_OK;
	}
	pthread_mutex_unlock(&c->mutex);
	return e;
}
