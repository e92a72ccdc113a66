/*
 * h_admin - /admin/...: work on the store that the agent does.
 */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>

#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "store/conf.h"
#include "store/control.h"
#include "store/identity.h"
#include "store/log.h"

#define PATIENCE_MS 5000

static bool
check_operator(struct request *r)
{
	if (identity_has_role(r->who, slice_str(IDENTITY_ADMINS)) ||
	    identity_has_role(r->who, slice_str(IDENTITY_OPS)))
		return true;
	reply_refuse_why(&r->reply, 401, "Unauthorized",
	    "Only members of $admins and $ops may do this.");
	return false;
}

static void
refuse_for_now(struct request *r, const char *why)
{
	log_warn("admin", "%s", why);
	reply_refuse_why(&r->reply, 503, "Server Is Not Ready", why);
}

/* The request is dropped. */
static enum err
ask_agent(struct request *r, struct control_call *call, json_t *request)
{
	enum err e;

	*call = (struct control_call){.dir = r->server->conf->data,
	    .request = request,
	    .patience_ms = PATIENCE_MS};
	e = control_ask(call);
	json_decref(request);
	return e;
}

/*
 * Answered at once, as by the reference, whose later versions' query
 * parameters mean nothing here.
 */
static void
scavenge(struct request *r)
{
	struct control_call call;
	enum err e;

	if (!check_operator(r))
		return;
	e = ask_agent(r, &call, json_pack("{s:s}", "command", "scavenge"));
	json_decref(call.result);
	/* What is wanted goes on also when it went on before: ERR_TAKEN. */
	if (e == ERR_OK || e == ERR_TAKEN)
		reply_status(&r->reply, 200, "OK");
	else
		refuse_for_now(r, call.why);
}

/* The agent's report as the body; it is dropped. */
static void
print_report(struct request *r, json_t *report)
{
	char *text;

	json_object_del(report, "is");
	text = json_dumps(report, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(report);
	r->reply.content_type = "application/json; charset=utf-8";
	reply_header(&r->reply, "Cache-Control", "no-store");
	buf_add_str(&r->reply.body, text);
	free(text);
}

static void
reply_backup(struct request *r, json_t *request, int status)
{
	struct control_call call;
	enum err e = ask_agent(r, &call, request);

	if (e == ERR_OK) {
		reply_status(
		    &r->reply, status, status == 200 ? "OK" : "Accepted");
		print_report(r, call.result);
	} else if (e == ERR_INVALID) {
		reply_refuse_why(&r->reply, 409, "Conflict", call.why);
	} else {
		refuse_for_now(r, call.why);
	}
}

static void
show_backup(struct request *r)
{
	if (check_operator(r))
		reply_backup(r, json_pack("{s:s}", "command", "backup"), 200);
}

/* Where it goes only the configuration says: a client names no folder. */
static void
back_up(struct request *r)
{
	bool full = slice_is(request_query(r, "full"), "true");

	if (check_operator(r))
		reply_backup(r,
		    json_pack("{s:s, s:s}", "command", "backup", "begin",
			full ? "full" : "increment"),
		    202);
}

const struct resource h_admin_resources[] = {
    {"/admin/backup", "GET, POST, OPTIONS",
	{{"GET", NULL, NULL, show_backup}, {"POST", NULL, NULL, back_up}}},
    {"/admin/scavenge", "POST, OPTIONS",
	{{"POST", NULL, &media_info, scavenge}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
