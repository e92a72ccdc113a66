#include "config.h"

#include "fcgi/cache.h"
#include "fcgi/entry_json.h"
#include "fcgi/entry_xml.h"
#include "fcgi/feed.h"
#include "fcgi/html.h"
#include "fcgi/options.h"
#include "fcgi/read.h"
#include "fcgi/request.h"
#include "fcgi/single.h"
#include "store/access.h"
#include "store/stream.h"

struct serving {
	struct request *request;
	const struct single_query *query;
	struct options options;
	struct stream stream;
	bool without_metadata; /* an empty answer, though a 200 */
};

bool
single_read_number(struct request *r, struct single_query *q, struct slice text)
{
	struct feed_query from = {.at_head = false};

	if (!feed_read_from(r, &from, text, true))
		return false;
	q->at_head = from.at_head;
	q->number = from.from;
	return true;
}

static enum err
read_shown(struct txn *tx, struct serving *s)
{
	struct request *r = s->request;
	int64_t number = s->query->at_head ? s->stream.last : s->query->number;
	enum err e;

	if ((e = stream_event(tx, &s->stream, number, r->page)) != ERR_OK)
		return e;
	if (!s->options.resolve_links)
		return ERR_OK;
	e = access_resolve(tx, r->who, &s->stream, r->page);
	if (e != ERR_OK)
		return e;
	return page_entry(r->page, 0)->link == LINK_BROKEN ? ERR_NO_EVENT
							   : ERR_OK;
}

/*
 * A system name without the event, but with a stream behind its first two
 * characters: typically the metadata of a stream that has none.
 */
static enum err
look_behind(struct txn *tx, struct serving *s, enum err outcome)
{
	struct slice name = s->query->stream;
	struct stream base;
	enum err e;

	if (!name_is_system(name) || name.n <= 2)
		return outcome;
	/* The right to the metadata is enough to learn that the stream is
	 * there, what else begins with $ needs more. */
	if (name_is_meta(name))
		e = stream_lookup(tx, name_base(name), &base);
	else
		e = access_lookup(
		    tx, s->request->who, slice_from(name, 2), &base);
	if (e == ERR_NO_STREAM || e == ERR_DELETED || e == ERR_DENIED)
		return outcome;
	s->without_metadata = e == ERR_OK;
	return e;
}

static enum err
read_event(struct txn *tx, void *arg)
{
	struct serving *s = arg;
	struct request *r = s->request;
	enum err e;

	page_reset(r->page);
	s->without_metadata = false;
	e = access_lookup(tx, r->who, s->query->stream, &s->stream);
	if (e == ERR_OK)
		e = read_shown(tx, s);
	if (e == ERR_NO_STREAM || e == ERR_NO_EVENT)
		return look_behind(tx, s, e);
	return e;
}

static void
print_entry(struct request *r, const struct entry *e)
{
	struct json_out o = {.buf = &r->reply.body};
	struct entry_style style = {
	    .base = buf_slice(&r->base), .is_document = true};

	style.embed = embed_parse(request_query(r, "embed"));
	if (r->wanted.type == MEDIA_ATOM_XML)
		entry_xml_print(&r->reply.body, e, &style, NULL);
	else
		entry_json_print(&o, e, &style, NULL);
}

static void
print_html(struct request *r, const struct entry *e)
{
	struct html_page page = {.base = buf_slice(&r->base)};
	struct buf title = {0}, path = {0};

	buf_add_int(&title, e->event.number);
	buf_add_char(&title, '@');
	buf_add_slice(&title, e->stream);
	buf_add_str(&path, "/streams/");
	uri_escape(&path, e->stream);
	buf_add_char(&path, '/');
	buf_add_int(&path, e->event.number);
	page.title = buf_slice(&title);
	page.path = buf_slice(&path);
	html_print(&r->reply.body, &page);
	buf_fini_part(&title, &r->reply.body);
	buf_fini_part(&path, &r->reply.body);
}

static void
print(struct request *r, const struct entry *e)
{
	const struct event *subject = entry_subject(e);
	struct buf *body = &r->reply.body;
	struct json_out o = {.buf = body};

	if (r->wanted.type == MEDIA_OCTETS)
		buf_add_slice(body, subject->data);
	else if (r->wanted.type == MEDIA_JSON)
		entry_json_data(&o, subject);
	else if (r->wanted.type == MEDIA_TEXT_XML ||
		 r->wanted.type == MEDIA_XML)
		entry_xml_data(body, subject);
	else if (r->wanted.type == MEDIA_EVENT_JSON)
		entry_json_content(&o, e);
	else if (r->wanted.type == MEDIA_EVENT_XML)
		entry_xml_event(body, e);
	else if (r->wanted.type == MEDIA_HTML)
		print_html(r, e);
	else
		print_entry(r, e);
}

static void
reply_event(struct serving *s)
{
	struct request *r = s->request;
	const struct entry *e = page_entry(r->page, 0);

	if (s->query->at_head)
		cache_briefly(r, &s->stream, e->event.number);
	else
		cache_forever(r, &s->stream);
	print(r, e);
}

/* Metadata that later one has replaced is never shown again. */
static bool
is_replaced(const struct serving *s)
{
	return name_is_meta(s->query->stream) && !s->query->at_head &&
	       s->query->number < s->stream.last;
}

static void
reply_without_metadata(struct serving *s)
{
	struct request *r = s->request;

	s->stream.is_public = false; /* as the reference has it */
	if (is_replaced(s))
		cache_forever(r, &s->stream);
	else
		cache_never(r);
	if (r->wanted.type != MEDIA_OCTETS && r->wanted.type != MEDIA_HTML &&
	    !media_is_xml(r->wanted.type))
		buf_add_str(&r->reply.body, "{}");
}

void
single_serve(struct request *r, const struct single_query *q)
{
	struct serving s = {.request = r, .query = q};
	struct read read = {
	    .options = &s.options, .body = read_event, .arg = &s};
	const char *why;

	if (!name_check(q->stream, &why)) {
		reply_refuse_why(&r->reply, 400, "Invalid stream name", why);
		return;
	}
	if (!options_for_read(r, &s.options) || !read_run(r, &read))
		return;
	if (read.outcome != ERR_OK) {
		reply_error(&r->reply, read.outcome);
		return;
	}
	r->reply.content_type = media_content_type(r->wanted);
	if (s.without_metadata)
		reply_without_metadata(&s);
	else
		reply_event(&s);
}
