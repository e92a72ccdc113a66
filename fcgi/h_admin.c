/*
 * h_admin - /admin/...: work on the store that the agent does.
 */
#include "config.h"

#include <jansson.h>

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

/* What is wanted goes on also when it went on before: ERR_TAKEN. */
static void
reply_asked(struct request *r, enum err e, const char *why)
{
	if (e == ERR_OK || e == ERR_TAKEN) {
		reply_status(&r->reply, 200, "OK");
		return;
	}
	log_warn("admin", "scavenge: %s", why);
	reply_header(&r->reply, "Retry-After", "1");
	reply_refuse_why(&r->reply, 503, "Server Is Not Ready", why);
}

/*
 * Answered at once, as by the reference, whose later versions' query
 * parameters mean nothing here.
 */
static void
scavenge(struct request *r)
{
	struct control_call call = {
	    .dir = r->server->conf->data, .patience_ms = PATIENCE_MS};
	json_t *request;
	enum err e;

	if (!check_operator(r))
		return;
	request = json_pack("{s:s}", "command", "scavenge");
	call.request = request;
	e = control_ask(&call);
	json_decref(request);
	json_decref(call.result);
	reply_asked(r, e, call.why);
}

const struct resource h_admin_resources[] = {
    {"/admin/scavenge", "POST, OPTIONS",
	{{"POST", NULL, &media_info, scavenge}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
