#include "config.h"

#include "fcgi/entry_xml.h"
#include "fcgi/feed_xml.h"
#include "fcgi/xml_out.h"
#include "store/clock.h"

static void
add_link(struct buf *b, const struct feed *f, const struct feed_link *l)
{
	struct buf url = {0};

	feed_add_url(&url, f, l);
	buf_add_str(b, "<link href=\"");
	xml_out_text(b, buf_slice(&url));
	buf_fini_part(&url, b);
	buf_add_str(b, "\" rel=\"");
	buf_add_str(b, l->relation);
	buf_add_str(b, "\" />");
}

void
feed_xml_print(struct buf *b, const struct feed *f)
{
	char updated[CLOCK_TEXT_SIZE] = "0001-01-01T00:00:00Z";
	struct mould mould = {.ncuts = 0};
	size_t i;

	if (f->updated != FEED_NO_TIME)
		clock_print(updated, f->updated);
	buf_add_str(b,
	    XML_OUT_DECLARATION "<feed xmlns=\"http://www.w3.org/2005/Atom\">");
	xml_out_element(b, "title", f->title);
	xml_out_element(b, "id", f->url);
	xml_out_element(b, "updated", slice_str(updated));
	buf_add_str(b, "<author><name>EventStore</name></author>");
	for (i = 0; i < f->nlinks; i++)
		add_link(b, f, &f->links[i]);
	for (i = 0; i < page_count(f->page); i++)
		entry_xml_print(b, page_entry(f->page, i), &f->style, &mould);
	buf_add_str(b, "</feed>");
	mould_fini(&mould);
}
