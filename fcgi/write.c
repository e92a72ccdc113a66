#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "fcgi/body.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/write.h"
#include "fcgi/xml_in.h"
#include "store/conf.h"
#include "store/stream.h"

bool
write_is_batch(const struct request *r)
{
	return r->sent == MEDIA_EVENT_JSON || r->sent == MEDIA_EVENTS_JSON ||
	       r->sent == MEDIA_EVENT_XML || r->sent == MEDIA_EVENTS_XML ||
	       r->sent == MEDIA_STREAMDESC_JSON;
}

void
write_stream_url(struct buf *b, struct request *r, struct slice stream)
{
	buf_add_slice(b, buf_slice(&r->base));
	buf_add_str(b, "/streams/");
	uri_escape(b, stream);
}

bool
write_check_name(struct request *r, struct slice stream)
{
	const char *why;

	if (stream.n == 0) {
		reply_refuse(&r->reply, 400,
		    "Invalid request. Stream must be non-empty string");
		return false;
	}
	if (name_check(stream, &why))
		return true;
	reply_refuse_why(&r->reply, 400, "Invalid stream name", why);
	return false;
}

bool
write_read_id(struct request *r, struct guid *id)
{
	struct slice text = request_header(r, HEADER_ES_EVENT_ID);

	*id = (struct guid){{0}};
	if (!request_has(r, HEADER_ES_EVENT_ID) ||
	    (guid_parse(id, header_trim(text)) && !guid_is_zero(id)))
		return true;
	reply_refuse_why(&r->reply, 400, "ES-EventId header in wrong format.",
	    "It must be one GUID that is not all zero.");
	return false;
}

static enum err
read_events(struct request *r, const struct write *w, struct body *b)
{
	struct body_single single = {.id = w->id,
	    .type = header_trim(request_header(r, HEADER_ES_EVENT_TYPE)),
	    .json = r->sent == MEDIA_JSON};
	struct slice text = buf_slice(&r->body);

	if (r->sent == MEDIA_STREAMDESC_JSON)
		return body_refuse(b, "A description document is no event.");
	/* The atom types want id and type in headers, and then a batch with
	 * its own (contract 1.3, a quirk that clients rely on). */
	if (r->sent == MEDIA_EVENT_XML || r->sent == MEDIA_EVENTS_XML ||
	    r->sent == MEDIA_ATOM_XML)
		return xml_in_read_batch(b, text);
	if (write_is_batch(r) || r->sent == MEDIA_ATOM_JSON)
		return body_read_batch(b, text);
	if (single.type.n == 0 && w->default_type != NULL)
		single.type = slice_str(w->default_type);
	return body_read_single(b, &single, text);
}

static void
refuse_body(struct request *r, const struct body *b, enum err e)
{
	if (e == ERR_INVALID)
		reply_refuse_why(&r->reply, 400, b->reason, b->why);
	else if (e == ERR_TOO_LARGE)
		reply_refuse_why(&r->reply, 413, b->reason, b->why);
	else
		reply_error(&r->reply, e);
}

static void
reply_created(struct request *r, const struct append *a)
{
	struct buf *h = &r->reply.headers;

	reply_status(&r->reply, 201, "Created");
	r->reply.content_type = "text/plain; charset=utf-8";
	buf_add_str(h, "Location: ");
	write_stream_url(h, r, a->stream);
	buf_add_char(h, '/');
	buf_add_int(h, a->first);
	buf_add_str(h, "\r\nES-CurrentVersion: ");
	buf_add_int(h, a->current);
	buf_add_str(h, "\r\n");
	if (a->has_position)
		reply_header(&r->reply, "ES-Position", "%" PRIu64, a->position);
}

static void
refuse_deleted(struct request *r, const struct append *a)
{
	reply_refuse_why(&r->reply, 410, "Stream deleted",
	    a->expected == EXPECT_STREAM
		? "ES-ExpectedVersion asks for a stream that is there."
		: "It was deleted for good; use another name.");
}

void
write_refused(struct request *r, const struct append *a, enum err e)
{
	char why[120];

	if (e == ERR_INVALID) {
		reply_refuse_why(&r->reply, 400, "Write request body invalid.",
		    "Two of its events have the same id.");
	} else if (e == ERR_WRONG_VERSION) {
		if (a->kind == APPEND_EVENTS)
			reply_header(&r->reply, "ES-CurrentVersion", "%" PRId64,
			    a->current);
		snprintf(why, sizeof(why),
		    "The stream's last event number is %" PRId64 ".",
		    a->current);
		reply_refuse_why(
		    &r->reply, 400, "Wrong expected EventNumber", why);
	} else if (e == ERR_DELETED) {
		refuse_deleted(r, a);
	} else if (e == ERR_TOO_LARGE) {
		snprintf(why, sizeof(why),
		    "The $acl may have at most %d bytes.", SETTINGS_MAX_ACL);
		reply_refuse_why(
		    &r->reply, 400, "Write request body invalid.", why);
	} else {
		reply_error(&r->reply, e);
	}
}

void
write_answer(struct request *r, enum err e)
{
	struct pending *p = &r->pending;

	if (e == ERR_OK)
		reply_created(r, &p->append);
	else
		write_refused(r, &p->append, e);
	body_fini(&p->body);
}

void
write_carry_out(struct request *r)
{
	write_answer(r, stream_append(r->server->store, &r->pending.append));
}

static void
leave_append(struct request *r, const struct write *w)
{
	struct pending *p = &r->pending;

	p->append = (struct append){.kind = APPEND_EVENTS,
	    .stream = w->stream,
	    .expected = w->expected,
	    .events = p->body.events,
	    .n = p->body.n,
	    .who = r->who};
	p->is_ready = true;
}

void
write_body(struct request *r, const struct write *w)
{
	struct body *b = &r->pending.body;
	enum err e;

	if (!request_read_body(r, r->server->conf->max_body_bytes))
		return;
	*b = (struct body){.max_event_bytes = r->server->conf->max_event_bytes,
	    .is_metadata = w->default_type != NULL};
	if ((e = read_events(r, w, b)) == ERR_OK) {
		leave_append(r, w);
	} else {
		refuse_body(r, b, e);
		body_fini(b);
	}
}
