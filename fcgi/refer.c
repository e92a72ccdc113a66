#include "config.h"

#include "fcgi/refer.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/role.h"
#include "store/store.h"

static void
redirect(struct request *r, const char *url)
{
	struct buf *h = &r->reply.headers;

	reply_status(&r->reply, 307, "Temporary Redirect");
	buf_add_str(h, "Location: ");
	buf_add_str(h, url);
	buf_add_slice(h, r->uri.path);
	if (r->uri.query.n > 0) {
		buf_add_char(h, '?');
		buf_add_slice(h, r->uri.query);
	}
	buf_add_str(h, "\r\n");
	r->reply.content_type = "text/plain; charset=utf-8";
	buf_reset(&r->reply.body);
}

void
refer_to_master(struct request *r)
{
	struct role_view v = {.kind = ROLE_NONE};

	if (store_is_open(r->server->store))
		role_look(store_role(r->server->store), &v);
	if (v.kind == ROLE_REPLICA && v.url[0] != '\0')
		redirect(r, v.url);
	else
		reply_refuse_why(&r->reply, 503, "Server Is Not Ready",
		    "No master is known at the moment.");
}
