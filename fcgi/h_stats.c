/*
 * h_stats - /stats and /metrics: how the node does.
 */
#include "config.h"

#include <strings.h>

#include "fcgi/media.h"
#include "fcgi/metrics.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/snapshot.h"
#include "fcgi/stats.h"
#include "fcgi/xml_out.h"
#include "store/conf.h"
#include "store/identity.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static bool
may_look(struct request *r)
{
	if (r->server->conf->stats_public ||
	    identity_has_role(r->who, slice_str(IDENTITY_ADMINS)) ||
	    identity_has_role(r->who, slice_str(IDENTITY_OPS)))
		return true;
	reply_refuse_why(&r->reply, 401, "Unauthorized",
	    "Only members of $admins and $ops may read this.");
	return false;
}

static void
cache_a_second(struct request *r)
{
	reply_header(&r->reply, "Cache-Control", "max-age=1, %s",
	    r->server->conf->stats_public ? "public" : "private");
	reply_header(&r->reply, "Vary", "Accept");
}

/* A query parameter that is true or false, or isn't there. */
static bool
query_flag(struct request *r, const char *name, bool otherwise)
{
	struct slice text = request_query(r, name);

	if (text.n == 4 && strncasecmp(text.p, "true", 4) == 0)
		return true;
	if (text.n == 5 && strncasecmp(text.p, "false", 5) == 0)
		return false;
	return otherwise;
}

static void
turn_into_xml(struct request *r)
{
	struct buf json = r->reply.body;

	r->reply.body = (struct buf){.limit = json.limit};
	buf_add_str(&r->reply.body, XML_OUT_DECLARATION);
	if (!buf_failed(&json))
		xml_out_json(&r->reply.body, "stats", "", buf_slice(&json));
	buf_fini_part(&json, &r->reply.body);
}

static void
stats(struct request *r)
{
	struct stats_form form = {.path = r->args,
	    .depth = r->uri.nsegments - 1,
	    .is_flat = !query_flag(r, "group", true),
	    .has_metadata = query_flag(r, "metadata", false)};
	struct snapshot now;

	if (!may_look(r))
		return;
	if (form.is_flat && form.depth > 0) {
		reply_refuse(&r->reply, 400,
		    "Dynamic stats selection works only with grouping "
		    "enabled");
		return;
	}
	snapshot_take(&now, r->server);
	if (!stats_print(&r->reply.body, &now, &form)) {
		reply_refuse_why(&r->reply, 404, "Not Found",
		    "There is no group of statistics of this name.");
		return;
	}
	if (media_is_xml(r->wanted.type))
		turn_into_xml(r);
	r->reply.content_type = media_content_type(r->wanted);
	cache_a_second(r);
}

static void
metrics(struct request *r)
{
	struct snapshot now;

	if (!may_look(r))
		return;
	snapshot_take(&now, r->server);
	metrics_print(&r->reply.body, &now);
	r->reply.content_type = METRICS_TYPE;
	cache_a_second(r);
}

/*
 * The reference's connections over its TCP protocol, which Rill does not
 * speak, and those that replicate over it.  /gossip knows the replicas.
 */
static void
no_connections(struct request *r)
{
	if (!may_look(r))
		return;
	r->reply.content_type = media_content_type(r->wanted);
	buf_add_str(&r->reply.body, "[]");
	cache_a_second(r);
}

#define GET_STATS                                        \
	{                                                \
		{                                        \
			"GET", NULL, &media_stats, stats \
		}                                        \
	}

const struct resource h_stats_resources[] = {
    {"/metrics", "GET, OPTIONS", {{"GET", NULL, NULL, metrics}}},
    {"/stats", "GET, OPTIONS", GET_STATS},
    {"/stats/", "GET, OPTIONS", GET_STATS},
    {"/stats/replication", "GET, OPTIONS",
	{{"GET", NULL, &media_json, no_connections}}},
    {"/stats/tcp", "GET, OPTIONS",
	{{"GET", NULL, &media_json, no_connections}}},
    {"/stats/*", "GET, OPTIONS", GET_STATS},
    {"/stats/*/*", "GET, OPTIONS", GET_STATS},
    {"/stats/*/*/*", "GET, OPTIONS", GET_STATS},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
