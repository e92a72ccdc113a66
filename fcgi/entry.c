#include "config.h"

#include "fcgi/entry.h"
#include "fcgi/header.h"
#include "fcgi/uri.h"
#include "store/json.h"
#include "store/link.h"

enum embed
embed_parse(struct slice s)
{
	static const struct {
		const char *name;
		enum embed embed;
	} names[] = {
	    {"content", EMBED_CONTENT},
	    {"rich", EMBED_RICH},
	    {"body", EMBED_BODY},
	    {"pretty", EMBED_PRETTY},
	    {"tryharder", EMBED_TRYHARDER},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (header_is(s, names[i].name))
			return names[i].embed;
	return EMBED_NONE;
}

const struct event *
entry_subject(const struct entry *e)
{
	return e->link == LINK_RESOLVED ? &e->target : &e->event;
}

struct slice
entry_subject_stream(const struct entry *e)
{
	return e->link == LINK_RESOLVED ? e->target_stream : e->stream;
}

struct entry_place
entry_place(const struct entry *e)
{
	if (e->link == LINK_NONE)
		return (struct entry_place){e->stream, e->event.number};
	return (struct entry_place){e->target_stream, e->target_number};
}

void
entry_add_url(
    struct buf *b, struct slice stream, const struct entry_style *style)
{
	if (slice_eq(stream, style->stream)) {
		buf_add_slice(b, style->url);
	} else {
		buf_add_slice(b, style->base);
		buf_add_str(b, "/streams/");
		uri_escape(b, stream);
	}
	buf_add_char(b, '/');
}

void
entry_parts_print(struct entry_parts *p, const struct entry *e)
{
	p->text[ENTRY_NUMBER] =
	    slice(p->number, buf_print_int(p->number, entry_place(e).number));
	p->text[ENTRY_UPDATED] =
	    slice(p->updated, clock_print(p->updated, e->event.created));
	p->text[ENTRY_SUMMARY] =
	    e->link != LINK_NONE ? slice_str(LINK_TYPE) : e->event.type;
}

bool
entry_has_content(const struct entry *e, const struct entry_style *style)
{
	return e->link == LINK_NONE && event_is_json(&e->event) &&
	       (style->is_document || style->embed == EMBED_CONTENT);
}

static bool
part_is_json(const struct event *ev, struct slice part, unsigned int flag)
{
	struct json_value v;

	if ((ev->flags & flag) != 0)
		return true;
	return event_is_json(ev) && part.n > 0 && json_parse(&v, part, NULL);
}

bool
entry_data_is_json(const struct event *ev)
{
	return part_is_json(ev, ev->data, EVENT_DATA_IS_JSON);
}

bool
entry_metadata_is_json(const struct event *ev)
{
	return part_is_json(ev, ev->metadata, EVENT_METADATA_IS_JSON);
}
