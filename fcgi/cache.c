#include "config.h"

#include <inttypes.h>

#include "fcgi/cache.h"
#include "fcgi/etag.h"
#include "fcgi/request.h"
#include "store/stream.h"

static const char *
who_may_keep(const struct stream *s)
{
	return s->is_public ? "public" : "private";
}

void
cache_forever(struct request *r, const struct stream *s)
{
	reply_header(&r->reply, "Cache-Control", "max-age=31536000, %s",
	    who_may_keep(s));
	reply_header(&r->reply, "Vary", "Accept");
}

void
cache_never(struct request *r)
{
	reply_header(
	    &r->reply, "Cache-Control", "max-age=0, no-cache, must-revalidate");
	reply_header(&r->reply, "Vary", "Accept");
}

void
cache_briefly(struct request *r, const struct stream *s, int64_t etag)
{
	struct buf *h = &r->reply.headers;

	if (s->settings.cache_control > 0) {
		reply_header(&r->reply, "Cache-Control",
		    "max-age=%" PRId64 ", %s", s->settings.cache_control,
		    who_may_keep(s));
		reply_header(&r->reply, "Vary", "Accept");
	} else {
		cache_never(r);
	}
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
