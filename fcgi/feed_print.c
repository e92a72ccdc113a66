#include "config.h"

#include "fcgi/feed_json.h"
#include "fcgi/feed_print.h"
#include "fcgi/feed_xml.h"
#include "fcgi/html.h"
#include "fcgi/request.h"

static void
print_html(struct request *r, const struct feed *f)
{
	struct html_page page = {.title = f->title,
	    .base = buf_slice(&r->base),
	    .path = slice_from(f->url, r->base.n)};

	html_print(&r->reply.body, &page);
}

void
feed_print(struct request *r, const struct feed *f)
{
	if (r->wanted.type == MEDIA_HTML)
		print_html(r, f);
	else if (media_is_xml(r->wanted.type))
		feed_xml_print(&r->reply.body, f);
	else
		feed_json_print(&r->reply.body, f);
}
