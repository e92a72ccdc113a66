#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "fcgi/cache.h"
#include "fcgi/description.h"
#include "fcgi/feed.h"
#include "fcgi/feed_print.h"
#include "fcgi/header.h"
#include "fcgi/options.h"
#include "fcgi/read.h"
#include "fcgi/request.h"
#include "store/access.h"
#include "store/log.h"
#include "store/stream.h"

/* One answer in the making. */
struct serving {
	struct request *request;
	const struct feed_query *query;
	struct options options;
	struct stream stream;
	int64_t from; /* where the page really begins */
	bool unchanged;
	bool is_end;   /* of the stream, in the page's direction */
	bool is_final; /* the page will never change */
};

bool
feed_read_from(struct request *r, struct feed_query *q, struct slice text,
    bool may_be_head)
{
	char reason[160], quoted[LOG_QUOTE_SIZE];

	if (may_be_head && slice_is(text, "head")) {
		q->at_head = true;
		return true;
	}
	if (header_number(text, &q->from))
		return true;
	snprintf(reason, sizeof(reason),
	    "%.80s is not valid event number. It is 0 or more%s.",
	    log_quote(quoted, text), may_be_head ? ", or head" : "");
	reply_refuse_why(&r->reply, 400, "Bad Request", reason);
	return false;
}

bool
feed_read_count(struct request *r, int64_t *count, struct slice text)
{
	char reason[160], quoted[LOG_QUOTE_SIZE];

	/* Beyond an int32 the reference does not read it as a number. */
	if (!header_positive(text, count) || *count > INT32_MAX) {
		snprintf(reason, sizeof(reason),
		    "%.80s is not valid count. Should be positive integer",
		    log_quote(quoted, text));
		reply_refuse_why(&r->reply, 400, "Bad Request", reason);
		return false;
	}
	if (*count <= PAGE_MAX_EVENTS)
		return true;
	reply_refuse_why(&r->reply, 500,
	    "Read size too big, should be less than 4096 items",
	    "Ask for at most 4096 at once.");
	return false;
}

static int64_t
greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static enum err
read_backward(struct txn *tx, struct serving *s)
{
	struct page *pg = s->request->page;
	const struct stream *st = &s->stream;
	int64_t start = greater(s->from - s->query->count + 1, st->first);
	struct stream_range range = {greater(start, 0), s->from};
	enum err e;

	if ((e = stream_page(tx, st, &range, pg)) != ERR_OK)
		return e;
	s->is_end = range.from <= st->first || range.from == 0 ||
		    (range.from <= st->last &&
			(page_count(pg) == 0 ||
			    page_entry(pg, 0)->event.number != range.from));
	s->is_final = !s->query->at_head && s->from <= st->last;
	return ERR_OK;
}

/* Whether there are events on the page, but none that may ever be seen. */
static bool
is_all_hidden(const struct serving *s)
{
	return s->from <= s->stream.last &&
	       s->stream.first - s->from >= s->query->count;
}

/*
 * A page that ends just at the last event but shows none, all being hidden,
 * leads on like those before it: it is kept for ever by whoever has it, and
 * who waited there would wait for ever.  $tb may hide what is yet to come;
 * a page of nothing else leads to where that begins.
 */
static enum err
read_forward(struct txn *tx, struct serving *s)
{
	const struct stream *st = &s->stream;
	struct stream_range range = {s->from, st->last};
	struct page *pg = s->request->page;
	enum err e;

	/* Written so that nothing overflows near the greatest number. */
	s->is_final = st->last - s->from >= s->query->count - 1;
	if (s->is_final)
		range.to = s->from + s->query->count - 1;
	if ((e = stream_page(tx, st, &range, pg)) != ERR_OK)
		return e;
	if (s->is_final)
		s->is_end = range.to == st->last && page_count(pg) > 0;
	else
		s->is_end = !is_all_hidden(s);
	return ERR_OK;
}

static enum err
read_page(struct txn *tx, void *arg)
{
	struct serving *s = arg;
	struct request *r = s->request;
	enum err e;

	page_reset(r->page);
	s->unchanged = false;
	e = access_lookup(tx, r->who, s->query->stream, &s->stream);
	if (e != ERR_OK)
		return e;
	s->unchanged = cache_is_current(r, s->stream.last);
	if (s->unchanged)
		return ERR_OK;
	s->from = s->query->at_head ? s->stream.last : s->query->from;
	e = s->query->forward ? read_forward(tx, s) : read_backward(tx, s);
	if (e != ERR_OK || !s->options.resolve_links)
		return e;
	return access_resolve(tx, r->who, &s->stream, r->page);
}

/* Whether there is nothing yet that a long poll would be answered with. */
static bool
came_too_early(const struct serving *s, enum err e)
{
	if (e == ERR_NO_STREAM)
		return true;
	return e == ERR_OK && (s->unchanged || s->from > s->stream.last);
}

static void
add_page(struct feed *f, const char *relation, int64_t from, bool forward)
{
	char text[BUF_INT_SIZE];
	size_t n = buf_print_int(text, from);

	feed_add_page(f, relation, slice(text, n), forward);
}

static void
add_backward_links(struct feed *f, const struct serving *s)
{
	if (!s->is_end)
		add_page(f, "next", s->from - s->query->count, false);
	add_page(f, "previous", lesser(s->from, s->stream.last) + 1, true);
}

static void
add_forward_links(struct feed *f, const struct serving *s)
{
	int64_t count = s->query->count, last = s->stream.last;

	if (s->from >= 1)
		add_page(f, "next", s->from - 1, false);
	if (!s->is_end || page_count(f->page) > 0)
		add_page(f, "previous",
		    (s->is_end ? last : lesser(s->from + count - 1, last)) + 1,
		    true);
}

static void
add_links(struct feed *f, const struct serving *s)
{
	f->count = s->query->count;
	feed_add_link(f, "self", "");
	feed_add_page(f, "first", slice_str("head"), false);
	feed_add_page(f, "last", slice_str("0"), true);
	if (s->query->forward)
		add_forward_links(f, s);
	else
		add_backward_links(f, s);
	feed_add_link(f, "metadata", "/metadata");
}

static void
add_cache_headers(const struct serving *s)
{
	if (s->is_final)
		cache_forever(s->request, &s->stream);
	else
		cache_briefly(s->request, &s->stream, s->stream.last);
}

/* By the page's first event in reading order (contract 2.1). */
static int64_t
time_of(const struct serving *s)
{
	struct page *pg = s->request->page;
	size_t n = page_count(pg);
	const struct entry *e;

	if (n == 0)
		return FEED_NO_TIME;
	e = page_entry(pg, s->query->forward ? 0 : n - 1);
	return e->link == LINK_BROKEN ? FEED_NO_TIME
				      : entry_subject(e)->created;
}

static void
print(struct serving *s)
{
	struct request *r = s->request;
	struct buf url = {0}, title = {0};
	struct feed f = {.stream = &s->query->stream,
	    .updated = time_of(s),
	    .head_of_stream = s->query->forward ? s->is_end : s->query->at_head,
	    .has_self = !s->query->forward,
	    .has_etag = s->query->at_head,
	    .etag = s->stream.last,
	    .page = r->page};

	page_reverse(r->page);
	buf_add_slice(&url, buf_slice(&r->base));
	buf_add_str(&url, "/streams/");
	uri_escape(&url, s->query->stream);
	buf_add_str(&title, "Event stream '");
	buf_add_slice(&title, s->query->stream);
	buf_add_str(&title, "'");
	f.url = buf_slice(&url);
	f.title = buf_slice(&title);
	f.style.base = buf_slice(&r->base);
	f.style.stream = s->query->stream;
	f.style.url = f.url;
	f.style.embed = embed_parse(request_query(r, "embed"));
	add_links(&f, s);
	feed_print(r, &f);
	buf_fini_part(&url, &r->reply.body);
	buf_fini_part(&title, &r->reply.body);
}

static void
reply_too_large(struct request *r)
{
	reply_refuse_why(&r->reply, 413, "Request Entity Too Large",
	    "The events of this page are too large together: ask for fewer.");
}

void
feed_serve(struct request *r, const struct feed_query *query)
{
	struct feed_query q = *query;
	struct serving s = {.request = r, .query = &q};
	struct read read = {&s.options, q.stream, read_page, &s, ERR_OK};
	const char *why;
	enum err e;

	if (!name_check(q.stream, &why)) {
		reply_refuse_why(&r->reply, 400, "Invalid stream name", why);
		return;
	}
	if (r->wanted.type == MEDIA_STREAMDESC_JSON && !q.forward &&
	    !name_is_meta(q.stream)) {
		description_serve(r, q.stream);
		return;
	}
	if (!(q.forward ? options_for_poll : options_for_read)(r, &s.options))
		return;
	if (q.count == 0)
		q.count = FEED_DEFAULT_COUNT;
	if (!read_run(r, &read))
		return;
	e = read.outcome;
	if (came_too_early(&s, e) && poll_wait(r, s.options.poll_s))
		return;
	if (e == ERR_TOO_LARGE) {
		reply_too_large(r);
	} else if (e != ERR_OK) {
		reply_error(&r->reply, e);
	} else if (s.unchanged) {
		cache_reply_unchanged(r);
	} else {
		r->reply.content_type = media_content_type(r->wanted);
		add_cache_headers(&s);
		print(&s);
	}
}
