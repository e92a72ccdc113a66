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
	json_out_plain_member(o, name, slice(text, GUID_TEXT_LEN));
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

/* A part, between quotes. */
static void
put_part(struct buf *b, const void *parts, unsigned int part)
{
	const struct entry_parts *p = parts;

	if (part == ENTRY_SUMMARY)
		json_escape(b, p->text[part]);
	else
		buf_add_slice(b, p->text[part]);
}

/* An entry on its way out, or into a mould. */
struct printer {
	struct json_out *out;
	const struct entry *entry;
	const struct entry_style *style;
	struct slice stream; /* of what it names */
	const struct entry_parts *parts;
	struct mould *mould; /* NULL: the parts are printed */
};

static void
print_part(struct printer *p, enum entry_part part)
{
	if (p->mould != NULL)
		mould_cut(p->mould, part);
	else
		put_part(p->out->buf, p->parts, part);
}

static void
print_title(struct printer *p)
{
	json_out_name(p->out, "title");
	buf_add_char(p->out->buf, '"');
	print_part(p, ENTRY_NUMBER);
	buf_add_char(p->out->buf, '@');
	json_escape(p->out->buf, p->stream);
	buf_add_char(p->out->buf, '"');
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
print_part_member(struct printer *p, const char *name, enum entry_part part)
{
	json_out_name(p->out, name);
	buf_add_char(p->out->buf, '"');
	print_part(p, part);
	buf_add_char(p->out->buf, '"');
}

static void
print_url(struct printer *p, const char *name)
{
	json_out_name(p->out, name);
	buf_add_char(p->out->buf, '"');
	entry_add_url(p->out->buf, p->stream, p->style);
	print_part(p, ENTRY_NUMBER);
	buf_add_char(p->out->buf, '"');
}

static void
print_links(struct printer *p)
{
	static const char *const relations[] = {"edit", "alternate"};
	struct json_out *o = p->out;
	size_t i;

	json_out_name(o, "links");
	json_out_open(o, '[');
	for (i = 0; i < 2; i++) {
		json_out_item(o);
		json_out_open(o, '{');
		print_url(p, "uri");
		json_out_string_member(o, "relation", slice_str(relations[i]));
		json_out_close(o, '}');
	}
	json_out_close(o, ']');
}

static void
print_plain(struct printer *p)
{
	print_title(p);
	print_url(p, "id");
	print_part_member(p, "updated", ENTRY_UPDATED);
	print_author(p->out);
	print_part_member(p, "summary", ENTRY_SUMMARY);
	if (entry_has_content(p->entry, p->style)) {
		json_out_name(p->out, "content");
		entry_json_content(p->out, p->entry);
	}
	print_links(p);
}

static bool
is_rich(const struct entry *e, const struct entry_style *style)
{
	return style->embed >= EMBED_RICH && e->link != LINK_BROKEN;
}

static void
print_entry(struct printer *p)
{
	json_out_open(p->out, '{');
	if (is_rich(p->entry, p->style))
		print_rich(p->out, p->entry, p->style->embed);
	print_plain(p);
	json_out_close(p->out, '}');
}

/* Whether it shows of its event nothing but the parts. */
static bool
is_plain(const struct entry *e, const struct entry_style *style)
{
	return !is_rich(e, style) && !entry_has_content(e, style);
}

static void
make_mould(struct mould *m, const struct printer *like)
{
	struct json_out out = {.buf = &m->text, .depth = like->out->depth};
	struct printer p = *like;

	p.out = &out;
	p.mould = m;
	print_entry(&p);
}

void
entry_json_print(struct json_out *o, const struct entry *e,
    const struct entry_style *style, struct mould *m)
{
	struct entry_parts parts;
	struct printer p = {.out = o,
	    .entry = e,
	    .style = style,
	    .stream = entry_place(e).stream,
	    .parts = &parts};

	entry_parts_print(&parts, e);
	if (m == NULL || !is_plain(e, style) || !mould_suits(m, p.stream)) {
		print_entry(&p);
		return;
	}
	if (m->ncuts == 0)
		make_mould(m, &p);
	mould_cast(m, o->buf, put_part, &parts);
	o->has_item = true;
}
