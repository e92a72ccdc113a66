#include "config.h"

#include "fcgi/entry_xml.h"
#include "fcgi/xml_out.h"
#include "store/clock.h"
#include "store/guid.h"
#include "store/json.h"
#include "store/link.h"

#define NO_NAMESPACE " xmlns=\"\""
#define ATOM         "http://www.w3.org/2005/Atom"

/* Where tags are written: with a prefix or without. */
struct tags {
	struct buf *buf;
	const char *prefix;     /* "atom:" or "" */
	const char *attributes; /* of elements that are not Atom's */
};

static void
open_tag(const struct tags *t, const char *name)
{
	buf_add_char(t->buf, '<');
	buf_add_str(t->buf, t->prefix);
	buf_add_str(t->buf, name);
	buf_add_char(t->buf, '>');
}

static void
close_tag(const struct tags *t, const char *name)
{
	buf_add_str(t->buf, "</");
	buf_add_str(t->buf, t->prefix);
	buf_add_str(t->buf, name);
	buf_add_char(t->buf, '>');
}

static void
add_text(const struct tags *t, const char *name, struct slice text)
{
	open_tag(t, name);
	xml_out_text(t->buf, text);
	close_tag(t, name);
}

/* An element of the event itself, which is in no namespace. */
static void
add_field(const struct tags *t, const char *name, struct slice text)
{
	buf_add_char(t->buf, '<');
	buf_add_str(t->buf, name);
	buf_add_str(t->buf, t->attributes);
	buf_add_char(t->buf, '>');
	xml_out_text(t->buf, text);
	buf_add_str(t->buf, "</");
	buf_add_str(t->buf, name);
	buf_add_char(t->buf, '>');
}

static void
add_value(
    const struct tags *t, const char *name, struct slice part, bool is_json)
{
	if (is_json)
		xml_out_json(t->buf, name, t->attributes, part);
	else
		add_field(t, name, part);
}

static void
add_event(const struct tags *t, const struct entry *e)
{
	const struct event *ev = entry_subject(e);
	char id[GUID_TEXT_LEN + 1];
	struct buf number = {0};

	guid_print(id, &ev->id);
	buf_add_int(&number, ev->number);
	add_field(t, "eventStreamId", entry_subject_stream(e));
	add_field(t, "eventNumber", buf_slice(&number));
	add_field(t, "eventType", ev->type);
	add_field(t, "eventId", slice_str(id));
	add_value(t, "data", ev->data, entry_data_is_json(ev));
	add_value(t, "metadata", ev->metadata, entry_metadata_is_json(ev));
	buf_fini_part(&number, t->buf);
}

/* A part, between tags. */
static void
put_part(struct buf *b, const void *parts, unsigned int part)
{
	const struct entry_parts *p = parts;

	if (part == ENTRY_SUMMARY)
		xml_out_text(b, p->text[part]);
	else
		buf_add_slice(b, p->text[part]);
}

/* An entry on its way out, or into a mould. */
struct printer {
	struct tags tags;
	const struct entry *entry;
	const struct entry_style *style;
	struct slice stream; /* of what it names */
	struct slice url;    /* up to the number */
	const struct entry_parts *parts;
	struct mould *mould; /* NULL: the parts are printed */
};

static void
add_part(struct printer *p, enum entry_part part)
{
	if (p->mould != NULL)
		mould_cut(p->mould, part);
	else
		put_part(p->tags.buf, p->parts, part);
}

static void
add_part_element(struct printer *p, const char *name, enum entry_part part)
{
	open_tag(&p->tags, name);
	add_part(p, part);
	close_tag(&p->tags, name);
}

static void
add_url(struct printer *p)
{
	xml_out_text(p->tags.buf, p->url);
	add_part(p, ENTRY_NUMBER);
}

static void
add_link(struct printer *p, const char *relation)
{
	struct buf *b = p->tags.buf;

	buf_add_char(b, '<');
	buf_add_str(b, p->tags.prefix);
	buf_add_str(b, "link href=\"");
	add_url(p);
	buf_add_str(b, "\" rel=\"");
	buf_add_str(b, relation);
	buf_add_str(b, "\" />");
}

static void
add_author(const struct tags *t)
{
	open_tag(t, "author");
	add_text(t, "name", slice_str("EventStore"));
	close_tag(t, "author");
}

static void
add_title(struct printer *p)
{
	open_tag(&p->tags, "title");
	add_part(p, ENTRY_NUMBER);
	buf_add_char(p->tags.buf, '@');
	xml_out_text(p->tags.buf, p->stream);
	close_tag(&p->tags, "title");
}

static void
add_content(const struct tags *t, const struct entry *e)
{
	buf_add_char(t->buf, '<');
	buf_add_str(t->buf, t->prefix);
	buf_add_str(t->buf, "content type=\"application/xml\">");
	add_event(t, e);
	close_tag(t, "content");
}

static void
add_entry(struct printer *p)
{
	add_title(p);
	open_tag(&p->tags, "id");
	add_url(p);
	close_tag(&p->tags, "id");
	add_part_element(p, "updated", ENTRY_UPDATED);
	add_author(&p->tags);
	add_part_element(p, "summary", ENTRY_SUMMARY);
	add_link(p, "edit");
	add_link(p, "alternate");
	if (entry_has_content(p->entry, p->style))
		add_content(&p->tags, p->entry);
	close_tag(&p->tags, "entry");
}

static void
print_entry(struct printer *p)
{
	struct buf url = {0};

	entry_add_url(&url, p->stream, p->style);
	p->url = buf_slice(&url);
	if (p->style->is_document)
		buf_add_str(p->tags.buf,
		    XML_OUT_DECLARATION "<atom:entry xmlns:atom=\"" ATOM "\">");
	else
		buf_add_str(p->tags.buf, "<entry>");
	add_entry(p);
	buf_fini_part(&url, p->tags.buf);
}

static void
make_mould(struct mould *m, const struct printer *like)
{
	struct printer p = *like;

	p.tags.buf = &m->text;
	p.mould = m;
	print_entry(&p);
}

void
entry_xml_print(struct buf *b, const struct entry *e,
    const struct entry_style *style, struct mould *m)
{
	struct entry_parts parts;
	struct printer p = {.entry = e,
	    .style = style,
	    .stream = entry_place(e).stream,
	    .parts = &parts};

	p.tags = (struct tags){b, style->is_document ? "atom:" : "",
	    style->is_document ? "" : NO_NAMESPACE};
	entry_parts_print(&parts, e);
	if (m == NULL || entry_has_content(e, style) ||
	    !mould_suits(m, p.stream)) {
		print_entry(&p);
		return;
	}
	if (m->ncuts == 0)
		make_mould(m, &p);
	mould_cast(m, b, put_part, &parts);
}

void
entry_xml_event(struct buf *b, const struct entry *e)
{
	struct tags t = {b, "", ""};

	buf_add_str(b, "<event>");
	add_event(&t, e);
	buf_add_str(b, "</event>");
}

/* An array has no one root element, so it stands there as text. */
void
entry_xml_data(struct buf *b, const struct event *ev)
{
	struct json_value v;

	if (entry_data_is_json(ev) && json_parse(&v, ev->data, NULL) &&
	    v.kind == JSON_OBJECT)
		xml_out_json(b, "data", "", ev->data);
	else
		xml_out_element(b, "data", ev->data);
}
