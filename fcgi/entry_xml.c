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
	buf_printf(t->buf, "<%s%s>", t->prefix, name);
}

static void
close_tag(const struct tags *t, const char *name)
{
	buf_printf(t->buf, "</%s%s>", t->prefix, name);
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
	buf_printf(t->buf, "<%s%s>", name, t->attributes);
	xml_out_text(t->buf, text);
	buf_printf(t->buf, "</%s>", name);
}

static void
add_part(
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
	add_part(t, "data", ev->data, entry_data_is_json(ev));
	add_part(t, "metadata", ev->metadata, entry_metadata_is_json(ev));
	buf_fini_part(&number, t->buf);
}

static void
add_link(const struct tags *t, struct slice url, const char *relation)
{
	buf_printf(t->buf, "<%slink href=\"", t->prefix);
	xml_out_text(t->buf, url);
	buf_printf(t->buf, "\" rel=\"%s\" />", relation);
}

static void
add_author(const struct tags *t)
{
	open_tag(t, "author");
	add_text(t, "name", slice_str("EventStore"));
	close_tag(t, "author");
}

static void
add_title(const struct tags *t, const struct entry_place *p)
{
	open_tag(t, "title");
	buf_add_int(t->buf, p->number);
	buf_add_char(t->buf, '@');
	xml_out_text(t->buf, p->stream);
	close_tag(t, "title");
}

static void
add_entry(const struct tags *t, const struct entry *e,
    const struct entry_style *style)
{
	struct entry_place place = entry_place(e);
	char updated[CLOCK_TEXT_SIZE];
	struct buf url = {0};

	entry_add_url(&url, &place, style);
	clock_print(updated, e->event.created);
	add_title(t, &place);
	add_text(t, "id", buf_slice(&url));
	add_text(t, "updated", slice_str(updated));
	add_author(t);
	add_text(t, "summary",
	    e->link != LINK_NONE ? slice_str(LINK_TYPE) : e->event.type);
	add_link(t, buf_slice(&url), "edit");
	add_link(t, buf_slice(&url), "alternate");
	if (entry_has_content(e, style)) {
		buf_printf(
		    t->buf, "<%scontent type=\"application/xml\">", t->prefix);
		add_event(t, e);
		close_tag(t, "content");
	}
	buf_fini_part(&url, t->buf);
}

void
entry_xml_print(
    struct buf *b, const struct entry *e, const struct entry_style *style)
{
	struct tags t = {b, style->is_document ? "atom:" : "",
	    style->is_document ? "" : NO_NAMESPACE};

	if (style->is_document)
		buf_add_str(b,
		    XML_OUT_DECLARATION "<atom:entry xmlns:atom=\"" ATOM "\">");
	else
		buf_add_str(b, "<entry>");
	add_entry(&t, e, style);
	close_tag(&t, "entry");
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
