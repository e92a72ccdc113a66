/*
 * h_gossip - /gossip: who is in the cluster, what and where.
 */
#include "config.h"

#include <jansson.h>

#include "fcgi/cache.h"
#include "fcgi/gossip.h"
#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/conf_cluster.h"
#include "store/control.h"
#include "store/role.h"
#include "store/store.h"
#include "store/stream.h"

#define PATIENCE_MS  1000 /* with the agent */
#define SILENT_MS    2000 /* who says nothing for so long is not alive */
#define TICKS_PER_MS (CLOCK_TICKS_PER_S / 1000)

struct view {
	json_t *told; /* by the agent */
	struct gossip_member members[CONF_MAX_NODES];
	size_t n;
};

/* -1: there is none, or the store is not open.  ERR_NO_MEMORY. */
static enum err
find_last_position(struct store *st, int64_t *position)
{
	uint64_t end = 0;
	enum err e = ERR_OK;

	if (store_is_open(st))
		e = stream_read_end(st, &end);
	*position = e == ERR_OK ? (int64_t)end - 1 : -1;
	return e == ERR_NO_MEMORY ? e : ERR_OK;
}

static const char *
state_of(const char *role)
{
	if (role != NULL && strcmp(role, role_text(ROLE_MASTER)) == 0)
		return "Master";
	if (role != NULL && strcmp(role, role_text(ROLE_REPLICA)) == 0)
		return "Slave";
	return "Unknown";
}

static enum err
see_alone(struct view *v, struct server *server)
{
	bool is_open = store_is_open(server->store);
	int64_t position;
	enum err e = find_last_position(server->store, &position);

	v->n = 1;
	v->members[0] = (struct gossip_member){.listen = slice_str(""),
	    .url = slice_str(server->conf->url),
	    .state = is_open ? "Master" : "Unknown",
	    .is_alive = true,
	    .seen = clock_now_ticks(),
	    .position = position};
	return e;
}

/* Of one that is silent nobody knows what it is now. */
static struct gossip_member
member_of(const json_t *told, const struct conf_node *node)
{
	json_int_t age = json_integer_value(json_object_get(told, "ageMs"));
	const char *role = json_string_value(json_object_get(told, "role"));
	const json_t *position = json_object_get(told, "position");
	bool is_alive = role != NULL && age <= SILENT_MS;

	return (struct gossip_member){.listen = slice_str(node->listen),
	    .url = slice_str(node->url),
	    .state = state_of(is_alive ? role : NULL),
	    .is_alive = is_alive,
	    .seen = clock_now_ticks() - age * TICKS_PER_MS,
	    .position = json_integer_value(position) - 1};
}

/* In the order of the configuration, which is also the agent's. */
static void
take_members(struct view *v, const struct conf_cluster *c)
{
	const json_t *all = json_object_get(v->told, "members");
	size_t i, n = json_array_size(all);

	for (i = 0; i < c->nnodes && n == c->nnodes; i++)
		v->members[v->n++] =
		    member_of(json_array_get(all, i), &c->nodes[i]);
}

/* False: the agent does not answer. */
static bool
ask_agent(struct view *v, const struct conf *conf)
{
	json_t *request = json_pack("{s:s}", "command", "cluster");
	struct control_call call = {
	    .dir = conf->data, .request = request, .patience_ms = PATIENCE_MS};

	if (control_ask(&call) == ERR_OK)
		v->told = call.result;
	json_decref(request);
	take_members(v, conf->cluster);
	return v->n > 0;
}

/* What the configuration says. */
static void
see_nothing(struct view *v, const struct conf_cluster *c)
{
	for (v->n = 0; v->n < c->nnodes; v->n++)
		v->members[v->n] = (struct gossip_member){
		    .listen = slice_str(c->nodes[v->n].listen),
		    .url = slice_str(c->nodes[v->n].url),
		    .state = "Unknown",
		    .is_alive = v->n == c->self,
		    .seen = clock_now_ticks(),
		    .position = -1};
}

static void
gossip(struct request *r)
{
	const struct conf *conf = r->server->conf;
	struct view v = {.n = 0};
	struct gossip g = {.members = v.members, .url = slice_str(conf->url)};
	enum err e = ERR_OK;

	if (conf->cluster == NULL)
		e = see_alone(&v, r->server);
	else if (!ask_agent(&v, conf))
		see_nothing(&v, conf->cluster);
	if (e != ERR_OK) {
		reply_error(&r->reply, e);
		return;
	}
	g.n = v.n;
	r->reply.content_type = media_content_type(r->wanted);
	cache_never(r);
	gossip_print(&r->reply.body, &g, r->wanted.type);
	json_decref(v.told);
}

const struct resource h_gossip_resources[] = {
    {"/gossip", "GET, OPTIONS", {{"GET", NULL, &media_gossip, gossip}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
