/*
 * h_web - / and /web, which lead to the web UI (contract 6).
 *
 * The UI itself is static files below /web/, which the front server has.
 */
#include "config.h"

#include "fcgi/request.h"
#include "fcgi/route.h"

static void
lead_on(struct request *r)
{
	struct buf *h = &r->reply.headers;

	reply_status(&r->reply, 302, "Found");
	buf_add_str(h, "Location: ");
	buf_add_slice(h, buf_slice(&r->base));
	buf_add_str(h, "/web/index.html\r\n");
	r->reply.content_type = "text/plain; charset=utf-8";
	buf_add_str(&r->reply.body, "Moved");
}

const struct resource h_web_resources[] = {
    {"/", "GET, OPTIONS", {{"GET", NULL, NULL, lead_on}}},
    {"/web", "GET, OPTIONS", {{"GET", NULL, NULL, lead_on}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
