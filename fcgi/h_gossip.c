/*
 * h_gossip - /gossip: who is in the cluster, what and where.
 */
#include "config.h"

#include "fcgi/cache.h"
#include "fcgi/gossip.h"
#include "fcgi/master.h"
#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/store.h"
#include "store/stream.h"

static enum err
read_end(struct txn *tx, void *arg)
{
	return stream_end(tx, arg);
}

/* -1: there is none, or the store is not open. */
static int64_t
last_position(struct store *st)
{
	uint64_t end = 0;

	if (!store_is_open(st) || stream_run(st, read_end, &end) != ERR_OK)
		return -1;
	return (int64_t)end - 1;
}

static const char *
state(struct server *server)
{
	if (store_is_open(server->store) &&
	    master_role(server->master) == MASTER_HERE)
		return "Master";
	return "Unknown";
}

static void
gossip(struct request *r)
{
	struct server *server = r->server;
	struct gossip_member self = {.listen = slice_str(""),
	    .url = slice_str(server->conf->url),
	    .state = state(server),
	    .is_alive = true,
	    .seen = clock_now_ticks(),
	    .position = last_position(server->store)};
	struct gossip g = {&self, 1, self.url};

	r->reply.content_type = media_content_type(r->wanted);
	cache_never(r);
	gossip_print(&r->reply.body, &g, r->wanted.type);
}

const struct resource h_gossip_resources[] = {
    {"/gossip", "GET, OPTIONS", {{"GET", NULL, &media_gossip, gossip}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
