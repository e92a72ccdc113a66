/*
 * h_node - /ping, /info and what the node is made of.
 */
#include "config.h"

#include "fcgi/cache.h"
#include "fcgi/json_out.h"
#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/settings.h"
#include "store/identity.h"
#include "store/role.h"
#include "store/store.h"

/* The release of the reference whose protocol this is. */
#define PROTOCOL_VERSION "4.1.1.0"

#define PING_TEXT "Ping request successfully handled"

static void
ping(struct request *r)
{
	struct json_out o = {.buf = &r->reply.body};

	r->reply.content_type = media_content_type(r->wanted);
	if (r->wanted.type == MEDIA_TEXT) {
		buf_add_str(&r->reply.body, "Text: " PING_TEXT);
		return;
	}
	if (media_is_xml(r->wanted.type)) {
		buf_add_str(&r->reply.body,
		    "<TextMessage><Text>" PING_TEXT "</Text></TextMessage>");
		return;
	}
	json_out_open(&o, '{');
	json_out_int_member(&o, "msgTypeId", 12);
	json_out_string_member(&o, "text", slice_str(PING_TEXT));
	json_out_close(&o, '}');
}

/* In the words of the reference. */
static const char *
state(struct store *st)
{
	struct role_view v = {.kind = ROLE_NONE};

	if (store_is_open(st))
		role_look(store_role(st), &v);
	switch (v.kind) {
	case ROLE_MASTER:
		return "master";
	case ROLE_REPLICA:
		return "slave";
	case ROLE_NONE:
		break;
	}
	return "unknown";
}

static void
info(struct request *r)
{
	struct json_out o = {.buf = &r->reply.body};

	/* JSON whatever was asked for, as in the reference. */
	r->reply.content_type = media_content_type(r->wanted);
	json_out_open(&o, '{');
	json_out_string_member(&o, "esVersion", slice_str(PROTOCOL_VERSION));
	json_out_string_member(&o, "state", slice_str(state(r->server->store)));
	json_out_string_member(&o, "projectionsMode", slice_str("None"));
	json_out_string_member(&o, "rillVersion", slice_str(PACKAGE_VERSION));
	json_out_close(&o, '}');
}

static void
options(struct request *r)
{
	if (!identity_has_role(r->who, slice_str(IDENTITY_ADMINS))) {
		reply_refuse_why(&r->reply, 401, "Unauthorized",
		    "Only members of $admins may read this.");
		return;
	}
	/* JSON whatever was asked for, as above. */
	r->reply.content_type = media_content_type(r->wanted);
	cache_never(r);
	settings_print(&r->reply.body, r->server->conf);
}

/* The reference's is projections. */
static void
subsystems(struct request *r)
{
	r->reply.content_type = media_content_type(r->wanted);
	buf_add_str(&r->reply.body, "[]");
}

const struct resource h_node_resources[] = {
    {"/ping", "GET, OPTIONS", {{"GET", NULL, &media_info, ping}}},
    {"/info", "GET, OPTIONS", {{"GET", NULL, &media_info, info}}},
    {"/info/options", "GET, OPTIONS", {{"GET", NULL, &media_info, options}}},
    {"/sys/subsystems", "GET, OPTIONS",
	{{"GET", NULL, &media_json, subsystems}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
