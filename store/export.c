#include "config.h"

#include <stdlib.h>

#include "store/buf.h"
#include "store/event_line.h"
#include "store/export.h"
#include "store/name.h"
#include "store/page.h"
#include "store/stream.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"

#define EVENTS_AT_ONCE  256
#define STREAMS_AT_ONCE 500
#define BYTES_AT_ONCE   65536 /* of a stream's lines, before they are written */

/* The events of one of two streams that are brought into one order. */
struct source {
	struct slice name;
	struct page *page;
	size_t at;         /* in the page */
	int64_t next;      /* the number to read from */
	bool is_exhausted; /* nothing comes behind the page */
};

struct work {
	struct export *x;
	struct store *store;
	struct buf lines;
	struct page *page;
	size_t want; /* events at once; fewer if they are long */

	/* The streams without events. */
	char last_name[STREAM_MAX_META_NAME];
	size_t last_name_len, looked_at;
};

static enum err
flush(struct work *w)
{
	enum err e = ERR_OK;

	if (buf_failed(&w->lines))
		return ERR_NO_MEMORY;
	if (w->lines.n > 0)
		e = w->x->write(w->x->arg, buf_slice(&w->lines));
	buf_reset(&w->lines);
	return e;
}

/* Behind it the stream's numbers go on, and no event says so. */
static void
add_next(struct work *w, struct slice name, const struct stream_record *r)
{
	struct event_line l = {.stream = name, .is_next = true};

	l.event.number = r->first;
	if (r->first > 0 && r->first > r->last && !r->is_deleted)
		event_line_print(&w->lines, &l);
}

/* ERR_TOO_LARGE ends a look. */
static enum err
look_at_stream(void *arg, struct slice name, const struct stream_record *r)
{
	struct work *w = arg;

	add_next(w, name, r);
	memcpy(w->last_name, name.p, name.n);
	w->last_name_len = name.n;
	return ++w->looked_at < STREAMS_AT_ONCE ? ERR_OK : ERR_TOO_LARGE;
}

static enum err
look_at_streams(struct txn *tx, void *arg)
{
	struct work *w = arg;
	char after[STREAM_MAX_META_NAME];
	struct tbl_streams_walk walk = {.each = look_at_stream, .arg = w};
	enum err e;

	memcpy(after, w->last_name, w->last_name_len);
	walk.after = slice(after, w->last_name_len);
	w->looked_at = 0;
	buf_reset(&w->lines);
	e = tbl_streams_each(tx, &walk);
	if (e == ERR_OK || e == ERR_TOO_LARGE)
		return ERR_OK;
	memcpy(w->last_name, after, walk.after.n);
	w->last_name_len = walk.after.n;
	return e;
}

static enum err
export_empty_streams(struct work *w)
{
	enum err e;

	do {
		e = stream_run(w->store, look_at_streams, w);
		if (e == ERR_OK)
			e = flush(w);
	} while (e == ERR_OK && w->looked_at == STREAMS_AT_ONCE);
	return e;
}

static void
add_event(struct work *w, struct slice stream, const struct event *ev)
{
	struct event_line l = {.stream = stream, .event = *ev};

	event_line_print(&w->lines, &l);
	w->x->events++;
	w->x->position = ev->position + 1;
}

static enum err
read_all(struct txn *tx, void *arg)
{
	struct work *w = arg;

	page_reset(w->page);
	return stream_all(tx, w->x->position, w->want, w->page);
}

/* False: what a page may have is not enough for one event. */
static bool
want_fewer(struct work *w)
{
	if (w->want == 1)
		return false;
	w->want /= 2;
	return true;
}

static void
add_page(struct work *w)
{
	size_t i, n = page_count(w->page);
	struct entry *entry;

	for (i = 0; i < n; i++) {
		entry = page_entry(w->page, i);
		if (entry->event.position >= w->x->end)
			break;
		add_event(w, entry->stream, &entry->event);
	}
	if (i < n || n < w->want)
		w->x->position = w->x->end;
}

static enum err
export_all(struct work *w)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && w->x->position < w->x->end) {
		e = stream_run(w->store, read_all, w);
		if (e == ERR_TOO_LARGE && want_fewer(w)) {
			e = ERR_OK;
		} else if (e == ERR_OK) {
			add_page(w);
			e = flush(w);
		}
	}
	return e;
}

struct refill {
	struct work *work;
	struct source *source;
};

static enum err
add_tombstone(struct txn *tx, struct source *s, uint64_t stream_id)
{
	struct events_range one = {.stream_id = stream_id,
	    .from = EVENT_NUMBER_TOMB,
	    .to = EVENT_NUMBER_TOMB};
	struct entry *entry;
	struct event ev;
	enum err e;

	s->is_exhausted = true;
	if ((e = tbl_events_get(tx, s->page, &one, &ev)) != ERR_OK)
		return e == ERR_NO_EVENT ? ERR_CORRUPT : e;
	if ((e = page_add(s->page, &entry)) == ERR_OK)
		entry->event = ev;
	return e;
}

static enum err
read_source(struct txn *tx, void *arg)
{
	struct refill *f = arg;
	struct source *s = f->source;
	struct stream_record r;
	struct events_range range;
	enum err e;

	page_reset(s->page);
	s->at = 0;
	e = tbl_streams_get(tx, s->name, &r);
	s->is_exhausted = e == ERR_NO_STREAM;
	if (e != ERR_OK)
		return s->is_exhausted ? ERR_OK : e;
	if (s->next < r.first)
		s->next = r.first;
	if (s->next > r.last && r.is_deleted)
		return add_tombstone(tx, s, r.id);
	s->is_exhausted = s->next > r.last;
	if (s->is_exhausted)
		return ERR_OK;
	range = (struct events_range){.stream_id = r.id,
	    .from = s->next,
	    .to = s->next + (int64_t)f->work->want - 1};
	if (range.to > r.last)
		range.to = r.last;
	e = tbl_events_read(tx, s->page, &range);
	if (e == ERR_OK && page_count(s->page) == 0)
		return ERR_CORRUPT;
	/* Very long ones: those that fit are enough to go on with. */
	return e == ERR_TOO_LARGE && page_count(s->page) > 0 ? ERR_OK : e;
}

/* The source's next event, if it has one; NULL if not. */
static enum err
look_at_source(struct work *w, struct source *s, const struct event **ev)
{
	struct refill f = {w, s};
	enum err e = ERR_OK;

	*ev = NULL;
	if (s->at == page_count(s->page) && !s->is_exhausted)
		e = stream_run(w->store, read_source, &f);
	if (e != ERR_OK || s->at == page_count(s->page))
		return e;
	*ev = &page_entry(s->page, s->at)->event;
	if ((*ev)->position >= w->x->end)
		*ev = NULL;
	return ERR_OK;
}

static void
take(struct work *w, struct source *s, const struct event *ev)
{
	add_event(w, s->name, ev);
	s->next = ev->number;
	s->next += ev->number < EVENT_NUMBER_TOMB;
	s->at++;
}

static enum err
merge(struct work *w, struct source *a, struct source *b)
{
	const struct event *x, *y;
	enum err e;

	for (;;) {
		if ((e = look_at_source(w, a, &x)) != ERR_OK ||
		    (e = look_at_source(w, b, &y)) != ERR_OK)
			return e;
		if (x == NULL && y == NULL)
			return flush(w);
		if (y == NULL || (x != NULL && x->position < y->position))
			take(w, a, x);
		else
			take(w, b, y);
		if (w->lines.n >= BYTES_AT_ONCE && (e = flush(w)) != ERR_OK)
			return e;
	}
}

static enum err
look_at_pair(struct txn *tx, void *arg)
{
	struct work *w = arg;
	char raw[STREAM_MAX_META_NAME + 2]; /* of a metastream's own */
	struct slice names[] = {w->x->stream, name_meta(raw, w->x->stream)};
	struct stream_record r;
	size_t i, found = 0;
	enum err e;

	buf_reset(&w->lines);
	for (i = 0; i < 2; i++) {
		if ((e = tbl_streams_get(tx, names[i], &r)) == ERR_OK) {
			found++;
			add_next(w, names[i], &r);
		} else if (e != ERR_NO_STREAM) {
			return e;
		}
	}
	return found > 0 ? ERR_OK : ERR_NO_STREAM;
}

static enum err
export_stream(struct work *w)
{
	char raw[STREAM_MAX_META_NAME + 2];
	struct source a = {.name = w->x->stream, .page = page_new()};
	struct source b = {
	    .name = name_meta(raw, w->x->stream), .page = page_new()};
	enum err e = stream_run(w->store, look_at_pair, w);

	if (e == ERR_OK)
		e = flush(w);
	if (e == ERR_OK)
		e = merge(w, &a, &b);
	page_free(&a.page);
	page_free(&b.page);
	return e;
}

enum err
export_run(struct store *st, struct export *x)
{
	struct work w = {
	    .x = x, .store = st, .page = page_new(), .want = EVENTS_AT_ONCE};
	enum err e;

	x->events = x->position = 0;
	if ((e = stream_read_end(st, &x->end)) == ERR_OK)
		e = x->stream.n > 0 ? export_stream(&w)
				    : export_empty_streams(&w);
	if (e == ERR_OK && x->stream.n == 0)
		e = export_all(&w);
	buf_fini(&w.lines);
	page_free(&w.page);
	return e;
}
