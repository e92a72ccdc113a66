#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fcgi/body.h"
#include "fcgi/old_metadata.h"
#include "store/alloc.h"
#include "store/buf.h"
#include "store/json.h"
#include "store/json_string.h"

/* The members of one event as they stand in the text. */
struct members {
	struct json_value id, type, data, metadata;
};

static enum err refuse(struct body *, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum err
refuse(struct body *b, const char *reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->why, sizeof(b->why), fmt, ap);
	va_end(ap);
	b->reason = reason;
	return ERR_INVALID;
}

enum err
body_refuse(struct body *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->why, sizeof(b->why), fmt, ap);
	va_end(ap);
	b->reason = "Write request body invalid.";
	return ERR_INVALID;
}

enum err
body_too_large(struct body *b)
{
	b->reason = "Too large events received. Limit is 4mb";
	snprintf(b->why, sizeof(b->why),
	    "Event %zu has more than %zu bytes of data and metadata.", b->n,
	    b->max_event_bytes);
	return ERR_TOO_LARGE;
}

static enum err
refuse_id(struct body *b)
{
	return body_refuse(
	    b, "The \"eventId\" of event %zu is not a GUID.", b->n);
}

static enum err
check_id(struct body *b, struct slice text, struct guid *id)
{
	if (text.n == 0)
		return refuse(b, "Empty eventId provided.",
		    "Event %zu needs an \"eventId\", a GUID.", b->n);
	if (!guid_parse(id, text))
		return refuse_id(b);
	if (guid_is_zero(id))
		return refuse(b, "Empty eventId provided.",
		    "The \"eventId\" of event %zu must not be all zero.", b->n);
	return ERR_OK;
}

static enum err
check_type(struct body *b, struct slice type)
{
	if (type.n == 0)
		return refuse(b, "Empty eventType provided.",
		    "Event %zu needs an \"eventType\".", b->n);
	if (type.n > EVENT_MAX_TYPE)
		return body_refuse(b,
		    "The \"eventType\" of event %zu has more than %d bytes.",
		    b->n, EVENT_MAX_TYPE);
	return ERR_OK;
}

static enum err
check_room(struct body *b)
{
	if (b->n == BODY_MAX_EVENTS) {
		refuse(b, "Request Entity Too Large",
		    "A batch may have at most %d events.", BODY_MAX_EVENTS);
		return ERR_TOO_LARGE;
	}
	if (b->n == b->size) {
		b->size = b->size == 0 ? 8 : 2 * b->size;
		b->events = xrealloc(b->events, b->size * sizeof(*b->events));
	}
	return ERR_OK;
}

enum err
body_add_event(struct body *b, const struct body_event *v)
{
	struct event ev = {.type = v->type,
	    .data = v->data,
	    .metadata = v->metadata,
	    .flags = v->flags};
	enum err e;

	if ((e = check_room(b)) != ERR_OK ||
	    (e = check_id(b, v->id, &ev.id)) != ERR_OK ||
	    (e = check_type(b, v->type)) != ERR_OK)
		return e;
	if (v->data.n > b->max_event_bytes ||
	    v->metadata.n > b->max_event_bytes - v->data.n)
		return body_too_large(b);
	if (b->is_metadata && old_metadata_is(v->type, v->data))
		ev.type = slice_str("$metadata");
	if ((e = new_event_init(&b->events[b->n], &ev)) == ERR_OK)
		b->n++;
	return e;
}

static struct members
find_members(struct json_value object)
{
	const struct json_value none = {JSON_NULL, {NULL, 0}};
	struct members m = {none, none, none, none};
	struct json_iter it;
	struct json_value v;
	struct slice name;

	json_iter_init(&it, object);
	while (json_iter_member(&it, &name, &v)) {
		if (json_name_is(name, "eventid"))
			m.id = v;
		else if (json_name_is(name, "eventtype"))
			m.type = v;
		else if (json_name_is(name, "data"))
			m.data = v;
		else if (json_name_is(name, "metadata"))
			m.metadata = v;
	}
	return m;
}

static enum err
read_id(struct body *b, const struct json_value *v, struct buf *id)
{
	if (v->kind == JSON_NULL)
		return ERR_OK;
	if (v->kind == JSON_STRING)
		json_unescape(id, v->text);
	/* Whoever has no memory for it says so below. */
	return id->n > 0 || buf_failed(id) ? ERR_OK : refuse_id(b);
}

static enum err
read_type(struct body *b, const struct json_value *v, struct buf *type)
{
	if (v->kind == JSON_STRING)
		json_unescape(type, v->text);
	else if (v->kind != JSON_NULL)
		return body_refuse(b,
		    "The \"eventType\" of event %zu must be a string.", b->n);
	return ERR_OK;
}

/*
 * An object or array is kept as it is and counts as JSON; a string is kept
 * as what it says; anything else is nothing (contract 1.3).
 */
static struct slice
read_payload(const struct json_value *v, struct buf *room, bool *is_json)
{
	*is_json = v->kind == JSON_OBJECT || v->kind == JSON_ARRAY;
	if (*is_json)
		return v->text;
	if (v->kind != JSON_STRING)
		return slice("", 0);
	json_unescape(room, v->text);
	return buf_slice(room);
}

struct rooms {
	struct buf id, type, data, metadata;
};

static bool
any_failed(const struct rooms *rooms)
{
	return buf_failed(&rooms->id) || buf_failed(&rooms->type) ||
	       buf_failed(&rooms->data) || buf_failed(&rooms->metadata);
}

static enum err
add_members(struct body *b, const struct members *m, struct rooms *rooms)
{
	struct body_event ev = {0};
	bool data_is_json, metadata_is_json;
	enum err e;

	if ((e = read_id(b, &m->id, &rooms->id)) != ERR_OK ||
	    (e = read_type(b, &m->type, &rooms->type)) != ERR_OK)
		return e;
	ev.id = buf_slice(&rooms->id);
	ev.type = buf_slice(&rooms->type);
	ev.data = read_payload(&m->data, &rooms->data, &data_is_json);
	ev.metadata =
	    read_payload(&m->metadata, &rooms->metadata, &metadata_is_json);
	if (any_failed(rooms))
		return ERR_NO_MEMORY;
	if (data_is_json)
		ev.flags |= EVENT_DATA_IS_JSON;
	if (metadata_is_json)
		ev.flags |= EVENT_METADATA_IS_JSON;
	return body_add_event(b, &ev);
}

static enum err
add_value(struct body *b, struct json_value v, struct rooms *rooms)
{
	struct members m;

	if (v.kind != JSON_OBJECT)
		return body_refuse(b,
		    "Event %zu is not an object with eventId, eventType, data "
		    "and metadata.",
		    b->n);
	m = find_members(v);
	buf_reset(&rooms->id);
	buf_reset(&rooms->type);
	buf_reset(&rooms->data);
	buf_reset(&rooms->metadata);
	return add_members(b, &m, rooms);
}

static enum err
parse_array(struct body *b, struct slice text, struct json_value *array)
{
	struct json_fault fault;

	if (!json_parse(array, text, &fault))
		return body_refuse(b, "At byte %zu: %s.", fault.at, fault.why);
	if (array->kind != JSON_ARRAY)
		return body_refuse(b,
		    "It must be an array of events, [{\"eventId\": ..., "
		    "\"eventType\": ..., \"data\": ...}].");
	return ERR_OK;
}

enum err
body_read_batch(struct body *b, struct slice text)
{
	struct rooms rooms = {0};
	struct json_value array, v;
	struct json_iter it;
	enum err e;

	if ((e = parse_array(b, text, &array)) != ERR_OK)
		return e;
	json_iter_init(&it, array);
	while (e == ERR_OK && json_iter_next(&it, &v))
		e = add_value(b, v, &rooms);
	if (e == ERR_OK && b->n == 0)
		e = body_refuse(b, "The array has no events.");
	buf_fini(&rooms.id);
	buf_fini(&rooms.type);
	buf_fini(&rooms.data);
	buf_fini(&rooms.metadata);
	return e;
}

enum err
body_read_single(
    struct body *b, const struct body_single *single, struct slice text)
{
	struct event ev = {
	    .id = single->id, .type = single->type, .data = text};
	struct json_value v;
	enum err e;

	if (single->type.n == 0)
		return refuse(b, "Empty eventType provided.",
		    "The ES-EventType header must name the event's type.");
	if (single->type.n > EVENT_MAX_TYPE)
		return refuse(b, "ES-EventType header in wrong format.",
		    "It may have at most %d bytes.", EVENT_MAX_TYPE);
	if (!json_utf8_valid(single->type))
		return refuse(b, "ES-EventType header in wrong format.",
		    "It must be UTF-8.");
	if (text.n > b->max_event_bytes)
		return body_too_large(b);
	/* Text that is no JSON must not break the feeds it stands in. */
	if (single->json && json_parse(&v, text, NULL))
		ev.flags = EVENT_DATA_IS_JSON;
	b->events = xcalloc(1, sizeof(*b->events));
	b->size = 1;
	if ((e = new_event_init(&b->events[0], &ev)) == ERR_OK)
		b->n = 1;
	return e;
}

void
body_fini(struct body *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		new_event_fini(&b->events[i]);
	free(b->events);
	b->events = NULL;
	b->n = b->size = 0;
}
