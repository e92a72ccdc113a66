#include "config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/buf.h"
#include "store/conf_cluster.h"
#include "store/conf_text.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/slice.h"

#define ADDRESS_MUST                                                      \
	"a host and a port, at which the other nodes reach this one, as " \
	"in \"10.0.0.1:7001\""
#define URL_MUST                                                         \
	"http:// or https://, a host, and if need be a port and a path " \
	"with no slash at its end, as in \"http://a.example:2113\""

/* The section while it is read; node is the one that is read just now. */
struct section {
	struct conf_cluster *c;
	struct conf_fault *fault;
	struct conf_node *node;
	char *listen;
	const char *listen_at;
};

typedef bool read_f(struct section *, struct json_value);

struct cluster_key {
	const char *name;
	read_f *read;
	const char *must;
};

static enum err __attribute__((format(printf, 3, 4)))
refuse(struct section *s, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->fault->why, sizeof(s->fault->why), fmt, ap);
	va_end(ap);
	s->fault->at = at;
	return ERR_INVALID;
}

/* What a string says, in memory of the caller's; NULL: it is not plain. */
static char *
plain_text(struct json_value v)
{
	struct buf said = {0};
	char *text = NULL;

	if (v.kind != JSON_STRING)
		return NULL;
	json_unescape(&said, v.text);
	if (!buf_failed(&said) && conf_text_is_plain(buf_slice(&said)))
		text = xstrndup(said.p, said.n);
	buf_fini(&said);
	return text;
}

/* The caller's text is taken, when it is an address. */
static bool
read_address(char **out, struct json_value v)
{
	struct slice host;
	uint16_t port;
	char *text = plain_text(v);

	if (text == NULL || !conf_text_is_address(text, &host, &port)) {
		free(text);
		return false;
	}
	*out = text;
	return true;
}

static bool
read_listen(struct section *s, struct json_value v)
{
	s->listen_at = v.text.p;
	return read_address(&s->listen, v);
}

static bool
read_word(unsigned *index, struct json_value v, const char *const words[2])
{
	char *text = plain_text(v);
	bool known = false;

	for (*index = 0; text != NULL && *index < 2 && !known; ++*index)
		known = strcmp(text, words[*index]) == 0;
	--*index;
	free(text);
	return known;
}

static bool
read_acks(struct section *s, struct json_value v)
{
	static const char *const words[] = {"quorum", "all"};
	unsigned i;

	if (!read_word(&i, v, words))
		return false;
	s->c->acks = i == 0 ? CONF_ACKS_QUORUM : CONF_ACKS_ALL;
	return true;
}

static bool
read_replica_durability(struct section *s, struct json_value v)
{
	static const char *const words[] = {"disk", "os"};
	unsigned i;

	if (!read_word(&i, v, words))
		return false;
	s->c->replica_durability = i == 0 ? CONF_REPLICA_DISK : CONF_REPLICA_OS;
	return true;
}

/* A whole number; a text of digits has at most 7 here. */
static bool
read_number(unsigned *out, struct json_value v, unsigned min, unsigned max)
{
	unsigned n = 0;
	size_t i;

	if (v.kind != JSON_NUMBER || v.text.n > 7)
		return false;
	for (i = 0; i < v.text.n; i++) {
		if (v.text.p[i] < '0' || v.text.p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(v.text.p[i] - '0');
	}
	*out = n;
	return n >= min && n <= max;
}

static bool
read_heartbeat(struct section *s, struct json_value v)
{
	return read_number(&s->c->heartbeat_ms, v, 20, 10000);
}

static bool
read_log_keep(struct section *s, struct json_value v)
{
	return read_number(&s->c->log_keep_mb, v, 64, 1048576);
}

/* They are read by read_nodes(), which says more about what is wrong. */
static bool
read_nodes_kind(struct section *s, struct json_value v)
{
	(void)s;
	return v.kind == JSON_ARRAY;
}

static const struct cluster_key keys[] = {
    {"listen", read_listen, ADDRESS_MUST},
    {"acks", read_acks, "\"quorum\" or \"all\""},
    {"nodes", read_nodes_kind,
	"an array of the cluster's nodes, each with \"listen\" and \"url\""},
    {"replica_durability", read_replica_durability, "\"disk\" or \"os\""},
    {"heartbeat_ms", read_heartbeat, "a whole number from 20 to 10000"},
    {"log_keep_mb", read_log_keep, "a whole number from 64 to 1048576"},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool
read_node_listen(struct section *s, struct json_value v)
{
	struct slice host;

	if (!read_address(&s->node->listen, v))
		return false;
	conf_text_is_address(s->node->listen, &host, &s->node->port);
	s->node->host = xstrndup(host.p, host.n);
	return true;
}

static bool
read_node_url(struct section *s, struct json_value v)
{
	char *text = plain_text(v);

	if (text == NULL || !conf_text_is_url(text)) {
		free(text);
		return false;
	}
	s->node->url = text;
	return true;
}

static const struct cluster_key node_keys[] = {
    {"listen", read_node_listen, ADDRESS_MUST},
    {"url", read_node_url, URL_MUST},
};
#define NODE_KEYS (sizeof(node_keys) / sizeof(node_keys[0]))

/* An object's keys, and where each of them was found. */
struct object {
	const struct cluster_key *keys;
	size_t n;
	const char *seen[KEYS];
};

static bool
says(struct slice raw_name, const char *name)
{
	return raw_name.n == strlen(name) &&
	       memcmp(raw_name.p, name, raw_name.n) == 0;
}

static enum err
read_member(
    struct section *s, struct object *o, struct slice name, struct json_value v)
{
	size_t i;

	for (i = 0; i < o->n && !says(name, o->keys[i].name); i++)
		continue;
	if (i == o->n)
		return refuse(s, name.p, "\"%.*s\" is not a key of %s",
		    name.n > 40 ? 40 : (int)name.n, name.p,
		    o->keys == keys ? "\"cluster\"" : "a node of \"nodes\"");
	if (o->seen[i] != NULL)
		return refuse(s, name.p,
		    "\"%s\" stands there twice; keep one of them",
		    o->keys[i].name);
	o->seen[i] = name.p;
	if (o->keys[i].read(s, v))
		return ERR_OK;
	return refuse(s, name.p, "\"%s\" must be %s, not %.*s", o->keys[i].name,
	    o->keys[i].must, v.text.n > 60 ? 60 : (int)v.text.n, v.text.p);
}

/* nodes, unless NULL, gets the value of that key. */
static enum err
read_object(struct section *s, struct object *o, struct json_value v,
    struct json_value *nodes)
{
	struct json_value member;
	struct json_iter it;
	struct slice name;
	enum err e = ERR_OK;

	json_iter_init(&it, v);
	while (e == ERR_OK && json_iter_member(&it, &name, &member)) {
		e = read_member(s, o, name, member);
		if (nodes != NULL && says(name, "nodes"))
			*nodes = member;
	}
	return e;
}

/* Each address is that of one node. */
static enum err
check_node(struct section *s, struct json_value v)
{
	const struct conf_node *node = s->node, *other;

	if (node->listen == NULL || node->url == NULL)
		return refuse(s, v.text.p,
		    "a node of \"nodes\" must have both \"listen\" and "
		    "\"url\"");
	for (other = s->c->nodes; other < node; other++)
		if (strcmp(other->listen, node->listen) == 0 ||
		    strcmp(other->url, node->url) == 0)
			return refuse(s, v.text.p,
			    "two nodes must not have the same \"listen\" or "
			    "\"url\"");
	return ERR_OK;
}

static enum err
read_nodes(struct section *s, struct json_value array)
{
	struct json_value v;
	struct json_iter it;
	enum err e = ERR_OK;

	json_iter_init(&it, array);
	while (e == ERR_OK && json_iter_next(&it, &v)) {
		struct object o = {.keys = node_keys, .n = NODE_KEYS};

		if (s->c->nnodes == CONF_MAX_NODES || v.kind != JSON_OBJECT)
			return refuse(s, v.text.p,
			    "\"nodes\" must be an array of 1 to %d objects, "
			    "each with \"listen\" and \"url\"",
			    CONF_MAX_NODES);
		s->node = &s->c->nodes[s->c->nnodes++];
		if ((e = read_object(s, &o, v, NULL)) == ERR_OK)
			e = check_node(s, v);
	}
	return e;
}

static enum err
find_self(struct section *s)
{
	struct conf_cluster *c = s->c;

	for (c->self = 0; c->self < c->nnodes; c->self++)
		if (strcmp(c->nodes[c->self].listen, s->listen) == 0)
			return ERR_OK;
	return refuse(s, s->listen_at,
	    "\"listen\" must be that of one of \"nodes\", which %s is not",
	    s->listen);
}

static enum err
read_section(struct section *s, struct json_value v)
{
	struct object o = {.keys = keys, .n = KEYS};
	struct json_value nodes = {0};
	enum err e;

	if (v.kind != JSON_OBJECT)
		return refuse(s, v.text.p,
		    "\"cluster\" must be an object with \"listen\" and "
		    "\"nodes\"");
	if ((e = read_object(s, &o, v, &nodes)) != ERR_OK)
		return e;
	if (s->listen == NULL || nodes.text.p == NULL)
		return refuse(s, v.text.p,
		    "\"cluster\" must have both \"listen\" and \"nodes\"");
	if ((e = read_nodes(s, nodes)) != ERR_OK)
		return e;
	return find_self(s);
}

enum err
conf_cluster_read(
    struct conf_cluster **out, struct json_value v, struct conf_fault *fault)
{
	struct section s = {.fault = fault};
	enum err e;

	s.c = xcalloc(1, sizeof(*s.c));
	s.c->heartbeat_ms = 100;
	s.c->log_keep_mb = 2048;
	if ((e = read_section(&s, v)) == ERR_OK) {
		*out = s.c;
		s.c = NULL;
	}
	free(s.listen);
	conf_cluster_free(&s.c);
	return e;
}

void
conf_cluster_free(struct conf_cluster **cp)
{
	struct conf_cluster *c = *cp;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->nnodes; i++) {
		free(c->nodes[i].listen);
		free(c->nodes[i].host);
		free(c->nodes[i].url);
	}
	free(c);
	*cp = NULL;
}

size_t
conf_cluster_quorum(const struct conf_cluster *c)
{
	return c->nnodes / 2 + 1;
}
