#include "config.h"

#include "fcgi/entry_json.h"
#include "store/clock.h"
#include "store/guid.h"
#include "store/json.h"
#include "store/link.h"

/* Bytes that are JSON stand as they are, others as a string. */
static void
print_value(struct json_out *o, struct slice s, bool is_json)
{
	if (is_json)
		json_out_raw(o, s);
	else
		json_out_string(o, s);
}

void
entry_json_data(struct json_out *o, const struct event *ev)
{
	print_value(o, ev->data, entry_data_is_json(ev));
}

static void
print_id(struct json_out *o, const char *name, const struct guid *id)
{
	char text[GUID_TEXT_LEN + 1];

	guid_print(text, id);
	json_out_string_member(o, name, slice(text, GUID_TEXT_LEN));
}

void
entry_json_content(struct json_out *o, const struct entry *e)
{
	const struct event *ev = entry_subject(e);

	json_out_open(o, '{');
	json_out_string_member(o, "eventStreamId", entry_subject_stream(e));
	json_out_int_member(o, "eventNumber", ev->number);
	json_out_string_member(o, "eventType", ev->type);
	print_id(o, "eventId", &ev->id);
	json_out_name(o, "data");
	print_value(o, ev->data, entry_data_is_json(ev));
	json_out_name(o, "metadata");
	print_value(o, ev->metadata, entry_metadata_is_json(ev));
	json_out_close(o, '}');
}

static bool
is_json_object(struct slice s)
{
	struct json_value v;

	return json_parse(&v, s, NULL) && v.kind == JSON_OBJECT;
}

/* To whom tries harder even no data at all is JSON, as in the reference. */
static bool
shows_as_json(const struct event *ev, enum embed embed)
{
	if (event_is_json(ev))
		return true;
	return embed == EMBED_TRYHARDER &&
	       (ev->data.n == 0 || is_json_object(ev->data));
}

/* Text in a string, re-indented first where that is asked for. */
static void
print_text(struct json_out *o, const char *name, struct slice text, bool pretty)
{
	struct buf indented = {.limit = o->buf->limit};

	if (pretty && is_json_object(text)) {
		json_indent(&indented, text);
		text = buf_slice(&indented);
	}
	json_out_string_member(o, name, text);
	buf_fini_part(&indented, o->buf);
}

static void
print_texts(struct json_out *o, const struct entry *e, enum embed embed)
{
	const struct event *ev = entry_subject(e);
	bool pretty = embed >= EMBED_PRETTY;

	if (event_is_json(ev) || embed == EMBED_TRYHARDER)
		print_text(o, "data", ev->data, pretty);
	if (ev->metadata.n > 0)
		print_text(o, "metaData", ev->metadata, pretty);
	if (e->link == LINK_RESOLVED)
		print_text(o, "linkMetaData", e->event.metadata, pretty);
}

static void
print_rich(struct json_out *o, const struct entry *e, enum embed embed)
{
	const struct event *ev = entry_subject(e);
	bool with_text = embed >= EMBED_BODY, is_link = e->link != LINK_NONE;

	print_id(o, "eventId", &ev->id);
	json_out_string_member(o, "eventType", ev->type);
	json_out_int_member(o, "eventNumber", ev->number);
	if (with_text)
		print_texts(o, e, embed);
	json_out_string_member(o, "streamId", entry_subject_stream(e));
	json_out_bool_member(o, "isJson", shows_as_json(ev, embed));
	json_out_bool_member(o, "isMetaData", with_text && ev->metadata.n > 0);
	json_out_bool_member(o, "isLinkMetaData",
	    with_text && is_link && e->event.metadata.n > 0);
	json_out_int_member(o, "positionEventNumber", e->event.number);
	json_out_string_member(o, "positionStreamId", e->stream);
}

static void
print_title(struct json_out *o, const struct entry_place *p)
{
	json_out_name(o, "title");
	buf_add_char(o->buf, '"');
	buf_add_int(o->buf, p->number);
	buf_add_char(o->buf, '@');
	json_escape(o->buf, p->stream);
	buf_add_char(o->buf, '"');
}

static void
print_author(struct json_out *o)
{
	json_out_name(o, "author");
	json_out_open(o, '{');
	json_out_string_member(o, "name", slice_str("EventStore"));
	json_out_close(o, '}');
}

static void
print_url(struct json_out *o, const char *name, const struct entry_place *p,
    const struct entry_style *style)
{
	json_out_name(o, name);
	buf_add_char(o->buf, '"');
	entry_add_url(o->buf, p, style);
	buf_add_char(o->buf, '"');
}

static void
print_links(struct json_out *o, const struct entry_place *p,
    const struct entry_style *style)
{
	static const char *const relations[] = {"edit", "alternate"};
	size_t i;

	json_out_name(o, "links");
	json_out_open(o, '[');
	for (i = 0; i < 2; i++) {
		json_out_item(o);
		json_out_open(o, '{');
		print_url(o, "uri", p, style);
		json_out_string_member(o, "relation", slice_str(relations[i]));
		json_out_close(o, '}');
	}
	json_out_close(o, ']');
}

static void
print_plain(
    struct json_out *o, const struct entry *e, const struct entry_style *style)
{
	struct entry_place place = entry_place(e);
	bool is_link = e->link != LINK_NONE;
	char updated[CLOCK_TEXT_SIZE];

	print_title(o, &place);
	print_url(o, "id", &place, style);
	json_out_string_member(o, "updated",
	    slice(updated, clock_print(updated, e->event.created)));
	print_author(o);
	json_out_string_member(
	    o, "summary", is_link ? slice_str(LINK_TYPE) : e->event.type);
	if (entry_has_content(e, style)) {
		json_out_name(o, "content");
		entry_json_content(o, e);
	}
	print_links(o, &place, style);
}

void
entry_json_print(
    struct json_out *o, const struct entry *e, const struct entry_style *style)
{
	json_out_open(o, '{');
	if (style->embed >= EMBED_RICH && e->link != LINK_BROKEN)
		print_rich(o, e, style->embed);
	print_plain(o, e, style);
	json_out_close(o, '}');
}
