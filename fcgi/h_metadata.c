/*
 * h_metadata - /streams/<name>/metadata: the metastream under another name.
 */
#include "config.h"

#include "fcgi/feed.h"
#include "fcgi/header.h"
#include "fcgi/media.h"
#include "fcgi/options.h"
#include "fcgi/redirect.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/single.h"
#include "fcgi/write.h"

#define METADATA_TYPE "$metadata"

/* False: the reply says what is wrong with the name. */
static bool
find_name(struct request *r, struct slice *meta)
{
	struct slice name = r->args[0];
	const char *why = "It names a metastream, which has no metadata.";

	if (name.n > 0 && !name_is_meta(name) && name_check(name, &why)) {
		*meta = name_meta(r->meta_name, name);
		return true;
	}
	reply_refuse_why(&r->reply, 400,
	    "Invalid request. Stream must be non-empty string and should not "
	    "be metastream",
	    name.n == 0 ? NULL : why);
	return false;
}

static void
post(struct request *r)
{
	struct write w = {.default_type = METADATA_TYPE};
	struct slice type =
	    header_trim(request_header(r, HEADER_ES_EVENT_TYPE));
	struct options o;

	if (!find_name(r, &w.stream))
		return;
	if (type.n > 0 && !slice_is(type, METADATA_TYPE)) {
		reply_refuse(&r->reply, 400,
		    "Bad Request. You should not include an event type for "
		    "metadata.");
		return;
	}
	if (!write_read_id(r, &w.id))
		return;
	if (!write_is_batch(r) && guid_is_zero(&w.id)) {
		reply_refuse_why(&r->reply, 400, "Empty eventId provided.",
		    "The ES-EventId header must be a GUID.");
		return;
	}
	if (!options_for_write(r, &o))
		return;
	w.expected = o.expected;
	write_body(r, &w);
}

static void
newest(struct request *r)
{
	struct single_query q = {.at_head = true};

	if (find_name(r, &q.stream))
		single_serve(r, &q);
}

static void
by_number(struct request *r)
{
	struct single_query q = {.at_head = false};

	if (find_name(r, &q.stream) && single_read_number(r, &q, r->args[1]))
		single_serve(r, &q);
}

static void
backward_page(struct request *r)
{
	struct feed_query q = {.forward = false};

	if (find_name(r, &q.stream) &&
	    feed_read_from(r, &q, r->args[1], true) &&
	    feed_read_count(r, &q.count, r->args[2]))
		feed_serve(r, &q);
}

static void
forward_page(struct request *r)
{
	struct feed_query q = {.forward = true};

	if (find_name(r, &q.stream) &&
	    feed_read_from(r, &q, r->args[1], false) &&
	    feed_read_count(r, &q.count, r->args[2]))
		feed_serve(r, &q);
}

const struct resource h_metadata_resources[] = {
    {"/streams/*/metadata", "GET, POST, OPTIONS",
	{{"POST", &media_atom, &media_atom, post},
	    {"GET", NULL, &media_event, newest}}},
    {"/streams/*/metadata/", "GET, POST, OPTIONS",
	{{"POST", &media_atom, &media_atom, redirect_without_slash},
	    {"GET", NULL, NULL, redirect_without_slash}}},
    {"/streams/*/metadata/*", "GET, OPTIONS",
	{{"GET", NULL, &media_event, by_number}}},
    {"/streams/*/metadata/*/*", "GET, OPTIONS",
	{{"GET", NULL, &media_feed, backward_page}}},
    {"/streams/*/metadata/*/backward/*", "GET, OPTIONS",
	{{"GET", NULL, &media_feed, backward_page}}},
    {"/streams/*/metadata/*/forward/*", "GET, OPTIONS",
	{{"GET", NULL, &media_feed, forward_page}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
