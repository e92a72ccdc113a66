#include "config.h"

#include "fcgi/entry_json.h"
#include "fcgi/etag.h"
#include "fcgi/feed_json.h"
#include "fcgi/media.h"
#include "store/clock.h"

/* In the document it is always that of atom+json (contract 2.1). */
static void
print_etag(struct json_out *o, int64_t position)
{
	struct media_choice atom = {MEDIA_ATOM_JSON, false};

	json_out_name(o, "eTag");
	buf_add_char(o->buf, '"');
	etag_print(o->buf, position, atom, false);
	buf_add_char(o->buf, '"');
}

static void
print_link(struct json_out *o, const struct feed *f, const struct feed_link *l)
{
	json_out_item(o);
	json_out_open(o, '{');
	json_out_name(o, "uri");
	buf_add_char(o->buf, '"');
	feed_add_url(o->buf, f, l);
	buf_add_char(o->buf, '"');
	json_out_plain_member(o, "relation", slice_str(l->relation));
	json_out_close(o, '}');
}

static void
print_head(struct json_out *o, const struct feed *f)
{
	char updated[CLOCK_TEXT_SIZE] = "0001-01-01T00:00:00Z";

	if (f->updated != FEED_NO_TIME)
		clock_print(updated, f->updated);
	json_out_string_member(o, "title", f->title);
	json_out_string_member(o, "id", f->url);
	json_out_string_member(o, "updated", slice_str(updated));
	if (f->stream != NULL)
		json_out_string_member(o, "streamId", *f->stream);
	json_out_name(o, "author");
	json_out_open(o, '{');
	json_out_string_member(o, "name", slice_str("EventStore"));
	json_out_close(o, '}');
	json_out_bool_member(o, "headOfStream", f->head_of_stream);
	if (f->has_self)
		json_out_string_member(o, "selfUrl", f->url);
	if (f->has_etag)
		print_etag(o, f->etag);
}

static void
print_entries(struct json_out *o, const struct feed *f)
{
	struct mould mould = {.ncuts = 0};
	size_t i;

	json_out_name(o, "entries");
	json_out_open(o, '[');
	for (i = 0; i < page_count(f->page); i++) {
		json_out_item(o);
		entry_json_print(o, page_entry(f->page, i), &f->style, &mould);
	}
	json_out_close(o, ']');
	mould_fini(&mould);
}

void
feed_json_print(struct buf *b, const struct feed *f)
{
	struct json_out o = {.buf = b};
	unsigned int i;

	json_out_open(&o, '{');
	print_head(&o, f);
	json_out_name(&o, "links");
	json_out_open(&o, '[');
	for (i = 0; i < f->nlinks; i++)
		print_link(&o, f, &f->links[i]);
	json_out_close(&o, ']');
	print_entries(&o, f);
	json_out_close(&o, '}');
}
