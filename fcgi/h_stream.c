/*
 * h_stream - /streams/<name> and what is below it, but for metadata.
 */
#include "config.h"

#include "fcgi/feed.h"
#include "fcgi/header.h"
#include "fcgi/media.h"
#include "fcgi/options.h"
#include "fcgi/redirect.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/single.h"
#include "fcgi/write.h"
#include "store/stream.h"

/* Send a client that gave no event id where a repeat will be harmless. */
static void
redirect_to_incoming(struct request *r, struct slice stream)
{
	struct buf *h = &r->reply.headers;
	char text[GUID_TEXT_LEN + 1];
	struct guid id;

	guid_random(&id);
	guid_print(text, &id);
	reply_status(&r->reply, 307, "Temporary Redirect");
	buf_add_str(h, "Location: ");
	write_stream_url(h, r, stream);
	buf_add_str(h, "/incoming/");
	buf_add_str(h, text);
	buf_add_str(h, "\r\n");
	r->reply.content_type = "text/plain; charset=utf-8";
	buf_add_str(&r->reply.body, "Forwarding to idempotent URI");
}

static void
append(struct request *r)
{
	struct write w = {.stream = r->args[0]};
	bool is_batch = write_is_batch(r);
	struct options o;

	if (!write_check_name(r, w.stream))
		return;
	if (!is_batch && !request_has(r, HEADER_ES_EVENT_TYPE)) {
		reply_refuse(&r->reply, 400,
		    "Must include an event type with the request "
		    "either in body or as ES-EventType header.");
		return;
	}
	if (!write_read_id(r, &w.id))
		return;
	if (!is_batch && guid_is_zero(&w.id)) {
		redirect_to_incoming(r, w.stream);
		return;
	}
	if (!options_for_write(r, &o))
		return;
	w.expected = o.expected;
	write_body(r, &w);
}

static void
append_incoming(struct request *r)
{
	struct write w = {.stream = r->args[0]};
	struct options o;

	if (!write_check_name(r, w.stream))
		return;
	if (!guid_parse(&w.id, r->args[1]) || guid_is_zero(&w.id)) {
		reply_refuse_why(&r->reply, 400,
		    "Invalid request. Unable to parse guid",
		    "The path must end in one that is not all zero.");
		return;
	}
	if (!options_for_write(r, &o))
		return;
	w.expected = o.expected;
	write_body(r, &w);
}

static void
delete_stream(struct request *r)
{
	struct append a = {.stream = r->args[0], .who = r->who};
	struct options o;
	enum err e;

	if (!write_check_name(r, a.stream) || !options_for_delete(r, &o))
		return;
	a.kind = o.hard_delete ? APPEND_HARD_DELETE : APPEND_SOFT_DELETE;
	a.expected = o.expected;
	e = stream_append(r->server->store, &a);
	if (e == ERR_OK)
		reply_status(&r->reply, 204, "Stream deleted");
	else
		write_refused(r, &a, e);
}

/* As a path this is a page without a direction, from "incoming". */
static void
no_page(struct request *r)
{
	struct feed_query q = {.stream = r->args[0]};

	feed_read_from(r, &q, slice_str("incoming"), true);
}

static void
head_feed(struct request *r)
{
	struct feed_query q = {.stream = r->args[0], .at_head = true};

	feed_serve(r, &q);
}

static void
backward_page(struct request *r)
{
	struct feed_query q = {.stream = r->args[0]};

	if (feed_read_from(r, &q, r->args[1], true) &&
	    feed_read_count(r, &q.count, r->args[2]))
		feed_serve(r, &q);
}

static void
forward_page(struct request *r)
{
	struct feed_query q = {.stream = r->args[0], .forward = true};

	if (feed_read_from(r, &q, r->args[1], false) &&
	    feed_read_count(r, &q.count, r->args[2]))
		feed_serve(r, &q);
}

static void
single_event(struct request *r)
{
	struct single_query q = {.stream = r->args[0]};

	if (single_read_number(r, &q, r->args[1]))
		single_serve(r, &q);
}

#define GET_FEED(handler)                         \
	{                                         \
		"GET", NULL, &media_feed, handler \
	}
#define GET_EVENT(handler)                         \
	{                                          \
		"GET", NULL, &media_event, handler \
	}

const struct resource h_stream_resources[] = {
    {"/streams/*", "POST, DELETE, GET, OPTIONS",
	{{"POST", &media_atom, &media_atom, append},
	    {"DELETE", NULL, &media_atom, delete_stream}, GET_FEED(head_feed)}},
    {"/streams/*/", "POST, DELETE, GET, OPTIONS",
	{{"POST", &media_atom, &media_atom, redirect_without_slash},
	    {"DELETE", NULL, NULL, redirect_without_slash},
	    {"GET", NULL, NULL, redirect_without_slash}}},
    {"/streams/*/incoming/*", "GET, POST, OPTIONS",
	{{"POST", &media_atom_nobatch, &media_atom_nobatch, append_incoming},
	    GET_FEED(no_page)}},
    {"/streams/*/*", "GET, OPTIONS", {GET_EVENT(single_event)}},
    {"/streams/*/*/*", "GET, OPTIONS", {GET_FEED(backward_page)}},
    {"/streams/*/*/backward/*", "GET, OPTIONS", {GET_FEED(backward_page)}},
    {"/streams/*/*/forward/*", "GET, OPTIONS", {GET_FEED(forward_page)}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
