#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster-agent/gathering.h"
#include "cluster-agent/mark.h"
#include "store/alloc.h"
#include "store/conf_text.h"
#include "store/group.h"
#include "store/log.h"
#include "store/patience.h"

#define PROBE_MS 300

/* Datagrams that are looked at in a row, whoever sends them. */
#define MOST_CALLS 64

#define NEVER INT64_MIN

/* "rill: HOST:PORT waits" */
#define CALL_SIZE (CONF_TEXT_MAX + 16)

struct gathering {
	const struct conf_cluster *conf;
	const char *data;
	int fd;                        /* or -1 */
	int64_t heard[CONF_MAX_NODES]; /* when each called last, or NEVER */
	int64_t all_since;             /* since when all have, or NEVER */
	int64_t whole_since;           /* or NEVER */
	bool has_strangers; /* members that are not in the configuration */
	bool is_settled;
};

bool
gathering_others_take_part(const struct conf_cluster *conf)
{
	size_t i;

	for (i = 0; i < conf->nnodes; i++)
		if (i != conf->self &&
		    patience_probe(conf->nodes[i].host, conf->nodes[i].port,
			PROBE_MS) == ERR_OK)
			return true;
	return false;
}

bool
gathering_makes_group(const struct conf_cluster *conf, const char *data)
{
	return conf->self == 0 && !mark_is_there(data) &&
	       !gathering_others_take_part(conf);
}

bool
gathering_has_own_store(const char *data)
{
	if (mark_is_there(data) || !mark_has_store(data))
		return false;
	log_error("cluster",
	    "%s holds a store of its own, which joining the cluster would "
	    "replace: let the node with the store be the first of \"nodes\", "
	    "or empty the folder",
	    data);
	return true;
}

/* What a node says that waits; returns its length. */
static size_t
word_call(char out[CALL_SIZE], const struct conf_node *n)
{
	return (size_t)snprintf(out, CALL_SIZE, "rill: %s waits", n->listen);
}

/* NULL: it has none now. */
static struct addrinfo *
address_of(const struct conf_node *n)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
	char service[8];

	snprintf(service, sizeof(service), "%u", n->port);
	return getaddrinfo(n->host, service, &hints, &list) == 0 ? list : NULL;
}

static int
open_socket(const struct addrinfo *ai)
{
	return socket(ai->ai_family,
	    ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
}

/* A datagram that is lost is followed by another. */
static void
send_call(const struct conf_node *to, const char *text, size_t n)
{
	struct addrinfo *ai = address_of(to);
	int fd;

	if (ai == NULL)
		return;
	if ((fd = open_socket(ai)) >= 0) {
		sendto(fd, text, n, 0, ai->ai_addr, ai->ai_addrlen);
		close(fd);
	}
	freeaddrinfo(ai);
}

void
gathering_call(const struct conf_cluster *conf, const char *data)
{
	char text[CALL_SIZE];
	size_t i, n = word_call(text, &conf->nodes[conf->self]);

	for (i = 0; i < conf->nnodes && !mark_has_store(data); i++)
		if (i != conf->self)
			send_call(&conf->nodes[i], text, n);
}

/* -1: logged. */
static int
open_at(const struct conf_node *n)
{
	struct addrinfo *ai = address_of(n);
	int fd = ai == NULL ? -1 : open_socket(ai);

	if (fd >= 0 && bind(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		log_warn("cluster", "no datagrams can be had at %s: %s",
		    n->listen, strerror(errno));
		close(fd);
		fd = -1;
	}
	if (ai != NULL)
		freeaddrinfo(ai);
	return fd;
}

struct gathering *
gathering_new(const struct conf_cluster *conf, const char *data)
{
	struct gathering *g = xcalloc(1, sizeof(*g));
	size_t i;

	g->conf = conf;
	g->data = data;
	g->fd = open_at(&conf->nodes[conf->self]);
	g->all_since = g->whole_since = NEVER;
	for (i = 0; i < conf->nnodes; i++)
		g->heard[i] = NEVER;
	g->is_settled = mark_is_settled(data);
	return g;
}

void
gathering_free(struct gathering **gp)
{
	struct gathering *g = *gp;

	if (g == NULL)
		return;
	if (g->fd >= 0)
		close(g->fd);
	free(g);
	*gp = NULL;
}

static void
note_call(struct gathering *g, const char *text, size_t n, int64_t now_ms)
{
	char expected[CALL_SIZE];
	size_t i;

	for (i = 0; i < g->conf->nnodes; i++)
		if (word_call(expected, &g->conf->nodes[i]) == n &&
		    memcmp(expected, text, n) == 0)
			g->heard[i] = now_ms;
}

static bool
all_call(const struct gathering *g, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < g->conf->nnodes; i++)
		if (i != g->conf->self &&
		    (g->heard[i] == NEVER ||
			now_ms - g->heard[i] > GATHERING_HEARD_MS))
			return false;
	return true;
}

static void
hear(struct gathering *g, int64_t now_ms)
{
	char text[CALL_SIZE];
	ssize_t n = 0;
	int i;

	for (i = 0; g->fd >= 0 && n >= 0 && i < MOST_CALLS; i++)
		if ((n = recv(g->fd, text, sizeof(text), 0)) >= 0)
			note_call(g, text, (size_t)n, now_ms);
	if (!all_call(g, now_ms))
		g->all_since = NEVER;
	else if (g->all_since == NEVER)
		g->all_since = now_ms;
}

static bool
all_connected(const struct gathering *g, const struct group_members *m)
{
	size_t i;

	for (i = 0; i < g->conf->nnodes; i++)
		if (i != g->conf->self && !m->is_connected[i])
			return false;
	return true;
}

static size_t
count_listed(const struct gathering *g, const struct group_members *m)
{
	size_t i, n = 1;

	for (i = 0; i < g->conf->nnodes; i++)
		n += i != g->conf->self && m->has[i];
	return n;
}

void
gathering_note(struct gathering *g, const struct group_members *m,
    bool knows_master, int64_t now_ms)
{
	g->has_strangers = m->n > count_listed(g, m);
	if (!knows_master || !all_connected(g, m))
		g->whole_since = NEVER;
	else if (g->whole_since == NEVER)
		g->whole_since = now_ms;
	else if (!g->is_settled &&
		 now_ms - g->whole_since >= GATHERING_SETTLED_MS) {
		g->whole_since = now_ms; /* else again in a while */
		g->is_settled = mark_settle(g->data) == ERR_OK;
	}
}

/* Strangers may have what was acknowledged. */
static bool
all_are_lost(const struct gathering *g, int64_t now_ms)
{
	return g->conf->nnodes > 1 && !g->has_strangers &&
	       g->all_since != NEVER &&
	       now_ms - g->all_since >= GATHERING_SURE_MS;
}

enum gathering_advice
gathering_advise(
    struct gathering *g, const struct group_state *s, int64_t now_ms)
{
	hear(g, now_ms);
	if (g->is_settled)
		return GATHERING_GO_ON;
	if (s->is_out)
		return GATHERING_JOIN;
	if (s->role == GROUP_CLIENT && s->master == GROUP_NOBODY &&
	    all_are_lost(g, now_ms))
		return GATHERING_RULE;
	return GATHERING_GO_ON;
}
