/*
 * h_all - /streams/$all: everything, in the order of positions.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "fcgi/cache.h"
#include "fcgi/feed.h"
#include "fcgi/feed_print.h"
#include "fcgi/header.h"
#include "fcgi/media.h"
#include "fcgi/options.h"
#include "fcgi/read.h"
#include "fcgi/redirect.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "store/access.h"
#include "store/hex.h"
#include "store/log.h"
#include "store/stream.h"

#define NAME "$all"

/*
 * The reference's positions are pairs.  An event at our position p has
 * (p, p), and what follows it begins at p + 1 (contract 1.10).
 */
struct pair {
	uint64_t commit, prepare;
};

#define PAIR_FORMAT   "%016" PRIX64 "%016" PRIX64
#define LAST_PREPARE  UINT64_C(0x7fffffffffffffff)
#define PAIR_TEXT_LEN 32

struct serving {
	struct request *request;
	struct options options;
	bool forward;
	bool at_head;
	struct pair from;
	int64_t count;
	struct stream stream; /* for the access check */
	uint64_t end;         /* the next event's position */
	bool unchanged;
};

static bool
parse_hex(struct slice text, uint64_t *out)
{
	uint64_t n = 0;
	size_t i;
	int digit;

	for (i = 0; i < text.n; i++) {
		if ((digit = hex_value(text.p[i])) < 0)
			return false;
		n = n << 4 | (uint64_t)digit;
	}
	*out = n;
	return true;
}

static bool
read_position(struct serving *s, struct slice text)
{
	char why[160], quoted[LOG_QUOTE_SIZE];

	if (!s->forward && slice_is(text, "head")) {
		s->at_head = true;
		return true;
	}
	if (text.n == PAIR_TEXT_LEN &&
	    parse_hex(slice(text.p, 16), &s->from.commit) &&
	    parse_hex(slice_from(text, 16), &s->from.prepare))
		return true;
	snprintf(why, sizeof(why),
	    "Invalid position argument: %.80s. It has 32 hexadecimal digits.",
	    log_quote(quoted, text));
	reply_refuse_why(&s->request->reply, 400, "Bad Request", why);
	return false;
}

/* The least p with (p, p) >= from. */
static uint64_t
first_from(const struct pair *from)
{
	if (from->prepare <= from->commit || from->commit == UINT64_MAX)
		return from->commit;
	return from->commit + 1;
}

/* The least p with (p + 1, p + 1) > from. */
static uint64_t
end_from(const struct pair *from)
{
	if (from->prepare >= from->commit || from->commit == 0)
		return from->commit;
	return from->commit - 1;
}

static enum err
read_events(struct txn *tx, struct serving *s)
{
	struct page *pg = s->request->page;
	size_t n = (size_t)s->count;

	if (s->at_head)
		s->from = (struct pair){s->end, s->end};
	if (s->forward)
		return stream_all(tx, first_from(&s->from), n, pg);
	return stream_all_back(tx, end_from(&s->from), n, pg);
}

static int64_t
last_position(const struct serving *s)
{
	return (int64_t)s->end - 1;
}

static enum err
read_page(struct txn *tx, void *arg)
{
	struct serving *s = arg;
	struct request *r = s->request;
	enum err e;

	page_reset(r->page);
	e = access_lookup(tx, r->who, slice_str(NAME), &s->stream);
	if (e != ERR_OK && e != ERR_NO_STREAM)
		return e;
	if ((e = stream_end(tx, &s->end)) != ERR_OK)
		return e;
	s->unchanged = cache_is_current(r, last_position(s));
	if (s->unchanged)
		return ERR_OK;
	if ((e = read_events(tx, s)) != ERR_OK)
		return e;
	return access_resolve(tx, r->who, &s->stream, r->page);
}

/* Whether there is nothing yet that a long poll would be answered with. */
static bool
came_too_early(const struct serving *s, enum err e)
{
	return e == ERR_OK &&
	       (s->unchanged || page_count(s->request->page) == 0);
}

/* Entries stand in the order in which they were read. */
static uint64_t
position_at(const struct serving *s, size_t i)
{
	return page_entry(s->request->page, i)->event.position;
}

static void
add_page(
    struct feed *f, const char *relation, const struct pair *from, bool forward)
{
	char text[PAIR_TEXT_LEN + 1];

	snprintf(text, sizeof(text), PAIR_FORMAT, from->commit, from->prepare);
	feed_add_page(f, relation, slice(text, PAIR_TEXT_LEN), forward);
}

static const struct pair very_first = {0, 0};

static void
add_forward_links(struct feed *f, const struct serving *s)
{
	size_t n = page_count(f->page);
	struct pair next = s->from, prev = {s->from.commit, LAST_PREPARE};

	if (n > 0) {
		next = (struct pair){position_at(s, n - 1) + 1, 0};
		prev = (struct pair){position_at(s, 0), position_at(s, 0)};
	}
	if (s->from.commit != 0) {
		add_page(f, "last", &very_first, true);
		add_page(f, "next", &prev, false);
	}
	if (n > 0)
		add_page(f, "previous", &next, true);
}

static void
add_backward_links(struct feed *f, const struct serving *s)
{
	size_t n = page_count(f->page);
	struct pair next = s->from, prev = {s->from.commit, 0};

	if (n > 0) {
		next =
		    (struct pair){position_at(s, n - 1), position_at(s, n - 1)};
		prev =
		    (struct pair){position_at(s, 0) + 1, position_at(s, 0) + 1};
	}
	if (n == (size_t)s->count) {
		add_page(f, "last", &very_first, true);
		add_page(f, "next", &next, false);
	}
	add_page(f, "previous", &prev, true);
}

static void
add_links(struct feed *f, const struct serving *s)
{
	f->count = s->count;
	feed_add_link(f, "self", "");
	feed_add_page(f, "first", slice_str("head"), false);
	if (s->forward)
		add_forward_links(f, s);
	else
		add_backward_links(f, s);
	feed_add_link(f, "metadata", "/metadata");
}

static void
add_cache_headers(struct serving *s)
{
	size_t n = page_count(s->request->page);
	bool forever;

	if (s->forward)
		forever = n == (size_t)s->count;
	else
		forever = !s->at_head && s->from.commit < s->end;
	if (forever)
		cache_forever(s->request, &s->stream);
	else
		cache_briefly(s->request, &s->stream, last_position(s));
}

static int64_t
time_of(const struct entry *e)
{
	return e->link == LINK_BROKEN ? FEED_NO_TIME
				      : entry_subject(e)->created;
}

static void
print(struct serving *s)
{
	struct request *r = s->request;
	struct buf url = {0};
	struct feed f = {.title = slice_str("All events"),
	    .updated = FEED_NO_TIME,
	    .page = r->page};

	buf_add_slice(&url, buf_slice(&r->base));
	buf_add_str(&url, "/streams/%24all");
	f.url = buf_slice(&url);
	f.style.base = buf_slice(&r->base);
	f.style.embed = embed_parse(request_query(r, "embed"));
	add_links(&f, s);
	if (s->forward)
		page_reverse(r->page);
	if (page_count(r->page) > 0)
		f.updated = time_of(page_entry(r->page, 0));
	feed_print(r, &f);
	buf_fini_part(&url, &r->reply.body);
}

static void
serve(struct serving *s)
{
	struct request *r = s->request;
	struct read read = {&s->options, slice_str(NAME), read_page, s, ERR_OK};
	enum err e;

	if (!(s->forward ? options_for_all_poll : options_for_all)(
		r, &s->options))
		return;
	if (!read_run(r, &read))
		return;
	e = read.outcome;
	if (came_too_early(s, e) && poll_wait(r, s->options.poll_s))
		return;
	if (e != ERR_OK) {
		reply_error(&r->reply, e);
	} else if (s->unchanged) {
		cache_reply_unchanged(r);
	} else {
		r->reply.content_type = media_content_type(r->wanted);
		add_cache_headers(s);
		print(s);
	}
}

static void
head(struct request *r)
{
	struct serving s = {
	    .request = r, .at_head = true, .count = FEED_DEFAULT_COUNT};

	serve(&s);
}

static void
backward_page(struct request *r)
{
	struct serving s = {.request = r};

	if (read_position(&s, r->args[0]) &&
	    feed_read_count(r, &s.count, r->args[1]))
		serve(&s);
}

static void
forward_page(struct request *r)
{
	struct serving s = {.request = r, .forward = true};

	if (read_position(&s, r->args[0]) &&
	    feed_read_count(r, &s.count, r->args[1]))
		serve(&s);
}

/* Nobody writes to it, not even administrators. */
static void
refuse_write(struct request *r)
{
	reply_refuse_why(&r->reply, 401, "Unauthorized",
	    "$all takes no writes: it is what all streams are together.");
}

#define GET(handler)                              \
	{                                         \
		"GET", NULL, &media_feed, handler \
	}

const struct resource h_all_resources[] = {
    {"/streams/$all", "POST, DELETE, GET, OPTIONS",
	{{"POST", &media_atom, &media_atom, refuse_write},
	    {"DELETE", NULL, &media_atom, refuse_write}, GET(head)}},
    {"/streams/$all/", "POST, DELETE, GET, OPTIONS",
	{{"POST", &media_atom, &media_atom, redirect_without_slash},
	    {"DELETE", NULL, NULL, redirect_without_slash},
	    {"GET", NULL, NULL, redirect_without_slash}}},
    {"/streams/$all/*/backward/*", "GET, OPTIONS", {GET(backward_page)}},
    {"/streams/$all/*/forward/*", "GET, OPTIONS", {GET(forward_page)}},
    {"/streams/$all/*/*", "GET, OPTIONS", {GET(backward_page)}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
