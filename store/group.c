#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/env.h"
#include "store/group.h"
#include "store/log.h"
#include "store/patience.h"

#define MS 1000 /* the library counts microseconds */

/* Threads that take what other nodes send; one is kept for the log. */
#define AGENT_THREADS 24

/* A replica that hears nothing for so many heartbeats calls an election. */
#define SILENT_HEARTBEATS 5

#define ACK_MS            200
#define CONNECT_AGAIN_MS  200
#define ELECTION_MS       400
#define ELECTION_AGAIN_MS 200
#define PRIORITY          100

/*
 * What the thread's commits met since group_forget_failure().  The library
 * tells of it in the thread that commits, before commit returns.
 */
static _Thread_local bool commit_failed;

static int
add_site(DB_ENV *h, const struct group_options *o, size_t node)
{
	const struct conf_node *n = &o->conf->nodes[node];
	DB_SITE *site;
	int r;

	if ((r = h->repmgr_site(h, n->host, n->port, &site, 0)) != 0)
		return r;
	if (node == o->conf->self) {
		r = site->set_config(site, DB_LOCAL_SITE, 1);
		if (r == 0 && o->may_create)
			r = site->set_config(site, DB_GROUP_CREATOR, 1);
	} else {
		r = site->set_config(site, DB_BOOTSTRAP_HELPER, 1);
	}
	site->close(site);
	return r;
}

static int
set_timeouts(DB_ENV *h, const struct conf_cluster *c)
{
	const struct {
		int which;
		unsigned int ms;
	} timeouts[] = {
	    {DB_REP_ACK_TIMEOUT, ACK_MS},
	    {DB_REP_CHECKPOINT_DELAY, 0}, /* for weak machines: 30 s */
	    {DB_REP_CONNECTION_RETRY, CONNECT_AGAIN_MS},
	    {DB_REP_ELECTION_TIMEOUT, ELECTION_MS},
	    {DB_REP_ELECTION_RETRY, ELECTION_AGAIN_MS},
	    {DB_REP_HEARTBEAT_SEND, c->heartbeat_ms},
	    {DB_REP_HEARTBEAT_MONITOR, c->heartbeat_ms * SILENT_HEARTBEATS},
	};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < sizeof(timeouts) / sizeof(timeouts[0]); i++)
		r = h->rep_set_timeout(
		    h, timeouts[i].which, timeouts[i].ms * MS);
	return r;
}

/* What holds for the whole environment, so that the agent sets it. */
static int
configure_site(DB_ENV *h, const struct group_options *o)
{
	int r;

	if ((r = set_timeouts(h, o->conf)) != 0)
		return r;
	if ((r = h->rep_set_priority(h, PRIORITY)) != 0)
		return r;
	if ((r = h->rep_set_config(h, DB_REP_CONF_BULK, 1)) != 0)
		return r;
	/* A call that must wait for a sync says so, and is made again. */
	if ((r = h->rep_set_config(h, DB_REP_CONF_NOWAIT, 1)) != 0)
		return r;
	/*
	 * A master that restarts while the first of the others joins is one of
	 * two in the group, and the other cannot vote before it has joined.
	 * What is acked then is on both; and who rules is not the library's to
	 * say alone, see tenure.h.
	 */
	return h->rep_set_config(
	    h, DB_REPMGR_CONF_2SITE_STRICT, o->conf->nnodes == 2);
}

static void
on_message(
    DB_ENV *h, DB_CHANNEL *channel, DBT *request, uint32_t n, uint32_t flags)
{
	const struct group_options *o = env_group_options(h->app_private);
	struct buf answer = {0};
	DBT out = {0};

	if (n == 1 && o->serve != NULL)
		o->serve(o->arg, slice(request->data, request->size), &answer);
	if ((flags & DB_REPMGR_NEED_RESPONSE) != 0) {
		out.data = answer.p;
		out.size = buf_failed(&answer) ? 0 : (uint32_t)answer.n;
		channel->send_msg(channel, &out, 1, 0);
	}
	buf_fini(&answer);
}

int
group_configure(DB_ENV *h, const struct group_options *o)
{
	size_t i;
	int r = 0;

	patience_prepare();
	for (i = 0; r == 0 && i < o->conf->nnodes; i++)
		r = add_site(h, o, i);
	if (r == 0 && o->is_agent)
		r = configure_site(h, o);
	if (r == 0)
		r = h->repmgr_msg_dispatch(h, on_message, 0);
	return r;
}

/* Nobody could be asked, or said yes; or the connection came to an end. */
static bool
was_refused(int r)
{
	return r == DB_REP_UNAVAIL || r == EAGAIN || r == ECONNRESET ||
	       r == EPIPE || r == ETIMEDOUT || r == EHOSTUNREACH ||
	       r == ENETUNREACH;
}

static enum err
start_agent(DB_ENV *h)
{
	int r = h->repmgr_start(h, AGENT_THREADS, DB_REP_ELECTION);

	if (r == 0)
		return ERR_OK;
	if (was_refused(r))
		return ERR_NO_MASTER;
	log_error("group", "starting replication: %s",
	    r == DB_REP_IGNORE ? "another process does it" : db_strerror(r));
	return env_err(r);
}

/* Anything else would make this process stand in for the agent. */
static enum err
start_worker(DB_ENV *h)
{
	int r = h->repmgr_start(h, 0, DB_REP_ELECTION);

	if (r == DB_REP_IGNORE)
		return ERR_OK;
	if (was_refused(r))
		return ERR_UNAVAILABLE;
	log_error("group", "joining the agent's replication: %s",
	    r == 0 ? "there is no agent" : db_strerror(r));
	return r == 0 ? ERR_UNAVAILABLE : env_err(r);
}

enum err
group_start(struct env *env, const struct group_options *o)
{
	DB_ENV *h = env_handle(env);

	return o->is_agent ? start_agent(h) : start_worker(h);
}

enum err
group_rule(struct env *env)
{
	DB_ENV *h = env_handle(env);
	int r, again;

	/* Only with elections off may roles be given. */
	if ((r = h->rep_set_config(h, DB_REPMGR_CONF_ELECTIONS, 0)) != 0)
		return env_err(r);
	if ((r = h->repmgr_start(h, AGENT_THREADS, DB_REP_MASTER)) != 0)
		log_error("group", "becoming master: %s", db_strerror(r));
	again = h->rep_set_config(h, DB_REPMGR_CONF_ELECTIONS, 1);
	return env_err(r != 0 ? r : again);
}

void
group_hang_up(const struct group_options *o)
{
	size_t i;

	for (i = 0; i < o->conf->nnodes; i++)
		if (i != o->conf->self)
			patience_hang_up(o->conf->nodes[i].port);
}

/* The index of the node at an address, or GROUP_NOBODY. */
static int
node_at(const struct conf_cluster *c, const char *host, unsigned int port)
{
	size_t i;

	for (i = 0; i < c->nnodes; i++)
		if (c->nodes[i].port == port &&
		    strcmp(c->nodes[i].host, host) == 0)
			return (int)i;
	return GROUP_NOBODY;
}

static int
node_of(struct env *env, int eid)
{
	DB_ENV *h = env_handle(env);
	int node = GROUP_NOBODY;
	const char *host;
	unsigned int port;
	DB_SITE *site;

	if (eid < 0 || h->repmgr_site_by_eid(h, eid, &site) != 0)
		return GROUP_NOBODY;
	if (site->get_address(site, &host, &port) == 0)
		node = node_at(env_group_options(env)->conf, host, port);
	site->close(site);
	return node;
}

/* -1: the library does not know the node yet. */
static int
eid_of(struct env *env, int node)
{
	const struct conf_node *n = &env_group_options(env)->conf->nodes[node];
	DB_ENV *h = env_handle(env);
	DB_SITE *site;
	int eid = -1;

	if (h->repmgr_site(h, n->host, n->port, &site, 0) != 0)
		return -1;
	if (site->get_eid(site, &eid) != 0)
		eid = -1;
	site->close(site);
	return eid;
}

enum err
group_look(struct env *env, struct group_state *s)
{
	DB_ENV *h = env_handle(env);
	DB_REP_STAT *stat;
	int r;

	if ((r = h->rep_stat(h, &stat, 0)) != 0)
		return env_err(r);
	*s = (struct group_state){.gen = stat->st_gen,
	    .is_synced = stat->st_startup_complete != 0,
	    .is_out = env_is_out(env),
	    .log_file = stat->st_next_lsn.file,
	    .log_offset = stat->st_next_lsn.offset};
	s->master = node_of(env, (int)stat->st_master);
	if (stat->st_status == DB_REP_MASTER)
		s->role = GROUP_IS_MASTER;
	else if (stat->st_status == DB_REP_CLIENT)
		s->role = GROUP_CLIENT;
	free(stat);
	return ERR_OK;
}

bool
group_is_locked_out(struct env *env)
{
	DB_ENV *h = env_handle(env);

	/* Of all calls that a lockout refuses, one that costs little. */
	return h->lock_detect(h, 0, DB_LOCK_DEFAULT, NULL) != 0;
}

/* The library's list of the other nodes; the caller frees it. */
static DB_REPMGR_SITE *
list_others(struct env *env, unsigned int *n)
{
	DB_ENV *h = env_handle(env);
	DB_REPMGR_SITE *list = NULL;

	*n = 0;
	if (h->repmgr_site_list(h, n, &list) != 0)
		*n = 0;
	return list;
}

void
group_list(struct env *env, struct group_members *m)
{
	const struct conf_cluster *c = env_group_options(env)->conf;
	unsigned int i, n;
	DB_REPMGR_SITE *list = list_others(env, &n);
	int node;

	*m = (struct group_members){.n = n + 1};
	for (i = 0; i < n; i++) {
		node = node_at(c, list[i].host, list[i].port);
		if (node == GROUP_NOBODY)
			continue;
		m->has[node] = true;
		m->is_connected[node] = list[i].status == DB_REPMGR_CONNECTED;
	}
	free(list);
}

static void
print_address(struct group_address *out, const DB_REPMGR_SITE *s)
{
	const bool is_ipv6 = strchr(s->host, ':') != NULL;

	snprintf(out->text, sizeof(out->text), is_ipv6 ? "[%s]:%u" : "%s:%u",
	    s->host, s->port);
}

size_t
group_strangers(struct env *env, struct group_address *out, size_t max)
{
	const struct conf_cluster *c = env_group_options(env)->conf;
	unsigned int i, n;
	DB_REPMGR_SITE *list = list_others(env, &n);
	size_t found = 0;

	for (i = 0; i < n && found < max; i++)
		if (node_at(c, list[i].host, list[i].port) == GROUP_NOBODY)
			print_address(&out[found++], &list[i]);
	free(list);
	return found;
}

/* The library asks the master, wherever that is. */
static enum err
expel(DB_ENV *h, const DB_REPMGR_SITE *s)
{
	DB_SITE *site;
	int r;

	if ((r = h->repmgr_site(h, s->host, s->port, &site, 0)) == 0)
		r = site->remove(site); /* and closes it */
	if (r == 0)
		return ERR_OK;
	return was_refused(r) ? ERR_NO_MASTER : env_err(r);
}

enum err
group_forget(struct env *env, const char *address)
{
	const struct conf_cluster *c = env_group_options(env)->conf;
	unsigned int i, n;
	DB_REPMGR_SITE *list = list_others(env, &n);
	struct group_address found;
	enum err e = ERR_INVALID;

	for (i = 0; e == ERR_INVALID && i < n; i++) {
		print_address(&found, &list[i]);
		if (strcmp(found.text, address) == 0 &&
		    node_at(c, list[i].host, list[i].port) == GROUP_NOBODY)
			e = expel(env_handle(env), &list[i]);
	}
	free(list);
	return e;
}

enum err
group_set_acks(struct env *env, enum conf_acks acks)
{
	DB_ENV *h = env_handle(env);

	return env_err(h->repmgr_set_ack_policy(
	    h, acks == CONF_ACKS_ALL ? DB_REPMGR_ACKS_ALL
				     : DB_REPMGR_ACKS_QUORUM));
}

void
group_set_sync(struct env *env, bool sync)
{
	DB_ENV *h = env_handle(env);

	h->set_flags(h, DB_TXN_NOSYNC, !sync);
}

void
group_note_event(uint32_t event)
{
	if (event == DB_EVENT_REP_PERM_FAILED)
		commit_failed = true;
}

void
group_forget_failure(void)
{
	commit_failed = false;
}

bool
group_commit_failed(void)
{
	return commit_failed;
}

struct group_line {
	struct env *env;
	int node;
	pthread_rwlock_t lock; /* shared by who asks */
	DB_CHANNEL *channel;   /* NULL: to be opened */
};

struct group_line *
group_line_new(struct env *env, int node)
{
	struct group_line *l = xcalloc(1, sizeof(*l));

	l->env = env;
	l->node = node;
	pthread_rwlock_init(&l->lock, NULL);
	return l;
}

void
group_line_free(struct group_line **lp)
{
	struct group_line *l = *lp;

	if (l == NULL)
		return;
	if (l->channel != NULL)
		l->channel->close(l->channel, 0);
	pthread_rwlock_destroy(&l->lock);
	free(l);
	*lp = NULL;
}

bool
group_line_is_open(struct group_line *l)
{
	bool is_open;

	pthread_rwlock_rdlock(&l->lock);
	is_open = l->channel != NULL;
	pthread_rwlock_unlock(&l->lock);
	return is_open;
}

/* Connecting blocks, up to PATIENCE_SILENT_MS. */
static void
open_channel(struct group_line *l)
{
	DB_ENV *h = env_handle(l->env);
	int eid = DB_EID_MASTER;

	if (l->node != GROUP_MASTER && (eid = eid_of(l->env, l->node)) < 0)
		return;
	pthread_rwlock_wrlock(&l->lock);
	if (l->channel == NULL &&
	    h->repmgr_channel(h, eid, &l->channel, 0) != 0)
		l->channel = NULL;
	pthread_rwlock_unlock(&l->lock);
}

/* It is of no more use; whoever asks next opens another. */
static void
drop_channel(struct group_line *l, const DB_CHANNEL *failed)
{
	pthread_rwlock_wrlock(&l->lock);
	if (l->channel != NULL && l->channel == failed) {
		l->channel->close(l->channel, 0);
		l->channel = NULL;
	}
	pthread_rwlock_unlock(&l->lock);
}

static enum err
take_answer(int r, const DBT *answer, struct buf *out)
{
	if (r == DB_REP_UNAVAIL)
		return ERR_NOT_ACKED; /* the connection broke, who knows when */
	if (r != 0)
		return r == ENOMEM ? ERR_NO_MEMORY : ERR_NOT_ACKED;
	buf_add(out, answer->data, answer->size);
	return buf_failed(out) ? ERR_NO_MEMORY : ERR_OK;
}

enum err
group_line_ask(struct group_line *l, struct slice request, int64_t timeout_ms,
    struct buf *answer)
{
	DBT in = {
	    .data = (void *)(uintptr_t)request.p, .size = (uint32_t)request.n};
	DBT out = {.flags = DB_DBT_MALLOC};
	DB_CHANNEL *channel;
	enum err e;
	int r;

	if (!group_line_is_open(l))
		open_channel(l);
	pthread_rwlock_rdlock(&l->lock);
	if ((channel = l->channel) == NULL) {
		pthread_rwlock_unlock(&l->lock);
		return ERR_NO_MASTER;
	}
	r = channel->send_request(
	    channel, &in, 1, &out, (db_timeout_t)(timeout_ms * MS), 0);
	e = take_answer(r, &out, answer);
	free(out.data);
	pthread_rwlock_unlock(&l->lock);
	if (r != 0 && r != DB_TIMEOUT)
		drop_channel(l, channel);
	return e;
}
