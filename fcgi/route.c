#include "config.h"

#include <stdio.h>

#include "fcgi/auth.h"
#include "fcgi/host.h"
#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"

/* What is literal comes first: /streams/$all before /streams/<any>. */
static const struct resource *const tables[] = {
    h_node_resources,
    h_openapi_resources,
    h_stats_resources,
    h_admin_resources,
    h_gossip_resources,
    h_all_resources,
    h_metadata_resources,
    h_stream_resources,
    h_users_resources,
    h_web_resources,
};

/* How much of a path was found to fit. */
struct match {
	struct request *request;
	size_t segments;
	size_t args;
};

static bool
segment_fits(struct match *m, struct slice template)
{
	struct request *r = m->request;
	struct slice segment;

	if (m->segments >= r->uri.nsegments)
		return false;
	segment = r->uri.segments[m->segments++];
	if (!slice_is(template, "*"))
		return slice_eq(segment, template);
	r->args[m->args++] = segment;
	return true;
}

/* Fills in request->args when it fits. */
static bool
path_fits(struct request *r, const char *path)
{
	struct match m = {.request = r};
	size_t n;

	while (*path == '/' && path[1] != '\0') {
		path++;
		n = strcspn(path, "/");
		if (!segment_fits(&m, slice(path, n)))
			return false;
		path += n;
	}
	return m.segments == r->uri.nsegments &&
	       r->uri.trailing_slash == (*path == '/');
}

static const struct resource *
find_resource(struct request *r)
{
	const struct resource *res;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (res = tables[i]; res->path != NULL; res++)
			if (path_fits(r, res->path))
				return res;
	return NULL;
}

static const struct route_method *
find_method(const struct resource *res, struct slice name)
{
	size_t i;

	if (slice_is(name, "HEAD"))
		name = slice_str("GET");
	for (i = 0; i < ROUTE_MAX_METHODS; i++)
		if (res->methods[i].name != NULL &&
		    slice_is(name, res->methods[i].name))
			return &res->methods[i];
	return NULL;
}

/* With a sentence that ends in the types that would be right. */
static void
refuse_type(struct request *r, int status, const char *reason,
    const struct media_list *right)
{
	struct buf why = {0};

	buf_add_str(&why, "It must be one of ");
	media_list_print(&why, right);
	buf_add(&why, ".", 2); /* and its NUL */
	if (buf_failed(&why))
		reply_error(&r->reply, ERR_NO_MEMORY);
	else
		reply_refuse_why(&r->reply, status, reason, why.p);
	buf_fini(&why);
}

/* False: it is refused, and the reply says so. */
static bool
negotiate(struct request *r, const struct route_method *m)
{
	bool fits = true;

	if (m->takes != NULL) {
		r->sent = media_of_request(
		    m->takes, request_header(r, HEADER_CONTENT_TYPE));
		if (r->sent == MEDIA_NONE) {
			refuse_type(r, 415, "Invalid or missing Content-Type",
			    m->takes);
			return false;
		}
	}
	if (m->gives != NULL)
		fits = media_of_response(m->gives,
		    request_header(r, HEADER_ACCEPT),
		    request_query(r, "format"), &r->wanted);
	if (!fits)
		refuse_type(r, 406,
		    "Requested URI is not available in requested format",
		    m->gives);
	return fits;
}

static void
refuse_method(struct request *r, const struct resource *res)
{
	char why[96];

	snprintf(why, sizeof(why), "This resource has %s.", res->allow);
	reply_refuse_why(&r->reply, 405, "Method Not Allowed", why);
}

static void
answer(struct request *r, const struct resource *res)
{
	const struct route_method *m;
	struct slice method = request_header(r, HEADER_METHOD);

	if (slice_is(method, "OPTIONS")) {
		r->reply.allow = res->allow;
		return;
	}
	if ((m = find_method(res, method)) == NULL) {
		r->reply.allow = res->allow;
		refuse_method(r, res);
		return;
	}
	if (!negotiate(r, m))
		return;
	r->reply.allow = res->allow;
	m->handle(r);
}

void
route_request(struct request *r)
{
	const struct resource *res;
	const char *why;
	enum err e;

	r->reply.without_body =
	    slice_is(request_header(r, HEADER_METHOD), "HEAD");
	r->reply.to_web_ui =
	    slice_is(request_header(r, HEADER_REQUESTED_WITH), "rill-web");
	e = uri_parse(&r->uri, request_header(r, HEADER_URI), &r->room, &why);
	if (e == ERR_NO_MEMORY || buf_failed(&r->base)) {
		reply_error(&r->reply, ERR_NO_MEMORY);
		return;
	}
	if (e != ERR_OK) {
		reply_refuse_why(&r->reply, e == ERR_TOO_LARGE ? 414 : 400,
		    e == ERR_TOO_LARGE ? "URI Too Long" : "Bad Request", why);
		return;
	}
	if (!host_check(r) || !auth_check(r))
		return;
	if ((res = find_resource(r)) == NULL)
		reply_refuse_why(&r->reply, 404, "Not Found",
		    "There is no resource at this path.");
	else
		answer(r, res);
}
