#include "config.h"

#include "fcgi/cache.h"
#include "fcgi/etag.h"
#include "fcgi/request.h"
#include "store/stream.h"

#define A_YEAR 31536000 /* seconds */

static void
add_max_age(struct request *r, const struct stream *s, int64_t seconds)
{
	struct buf *h = &r->reply.headers;

	buf_add_str(h, "Cache-Control: max-age=");
	buf_add_int(h, seconds);
	buf_add_str(h, s->is_public ? ", public" : ", private");
	buf_add_str(h, "\r\nVary: Accept\r\n");
}

void
cache_forever(struct request *r, const struct stream *s)
{
	add_max_age(r, s, A_YEAR);
}

void
cache_never(struct request *r)
{
	buf_add_str(&r->reply.headers,
	    "Cache-Control: max-age=0, no-cache, must-revalidate\r\n"
	    "Vary: Accept\r\n");
}

void
cache_briefly(struct request *r, const struct stream *s, int64_t etag)
{
	struct buf *h = &r->reply.headers;

	if (s->settings.cache_control > 0)
		add_max_age(r, s, s->settings.cache_control);
	else
		cache_never(r);
	if (etag < 0)
		return;
	buf_add_str(h, "ETag: ");
	etag_print(h, etag, r->wanted, true);
	buf_add_str(h, "\r\n");
}

bool
cache_is_current(struct request *r, int64_t etag)
{
	return request_has(r, HEADER_IF_NONE_MATCH) &&
	       etag_matches(
		   request_header(r, HEADER_IF_NONE_MATCH), etag, r->wanted);
}

void
cache_reply_unchanged(struct request *r)
{
	reply_status(&r->reply, 304, "Not Modified");
	r->reply.content_type = "text/plain; charset=utf-8";
}
