#include "config.h"

#include "fcgi/redirect.h"
#include "fcgi/request.h"

/*
 * $ stays as it is in this one place, as the reference has it; whatever else
 * a URI may not have is escaped.
 */
static void
add_segment(struct buf *b, struct slice s)
{
	const char *dollar;

	while (s.n > 0 && (dollar = memchr(s.p, '$', s.n)) != NULL) {
		uri_escape(b, slice(s.p, (size_t)(dollar - s.p)));
		buf_add_char(b, '$');
		s = slice_from(s, (size_t)(dollar - s.p) + 1);
	}
	uri_escape(b, s);
}

void
redirect_without_slash(struct request *r)
{
	struct buf *h = &r->reply.headers;
	size_t i;

	reply_status(&r->reply, 307, "Temporary Redirect");
	buf_add_str(h, "Location: ");
	buf_add_slice(h, buf_slice(&r->base));
	for (i = 0; i < r->uri.nsegments; i++) {
		buf_add_char(h, '/');
		add_segment(h, r->uri.segments[i]);
	}
	if (r->uri.query.n > 0) {
		buf_add_char(h, '?');
		buf_add_slice(h, r->uri.query);
	}
	buf_add_str(h, "\r\nCache-Control: max-age=31536000, public\r\n");
	r->reply.content_type = "text/plain; charset=utf-8";
	buf_add_str(&r->reply.body, "Moved Permanently");
}
