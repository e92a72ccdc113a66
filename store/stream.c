#include "config.h"

#include <stdlib.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/link.h"
#include "store/store.h"
#include "store/stream.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/writer.h"

/* Only the newest metadata can be read. */
#define META_MAX_COUNT 1

enum err
stream_run(struct store *st, stream_body_f *body, void *arg)
{
	return txn_run(st, TXN_READ, body, arg);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
find_limits(struct stream *s, const struct stream_record *r)
{
	const struct settings *set = &s->settings;

	s->first = set->truncate_before;
	if (set->max_count > 0)
		s->first = later(s->first, s->last - set->max_count + 1);
	s->oldest = INT64_MIN;
	if (set->max_age > 0 && set->max_age < INT64_MAX / CLOCK_TICKS_PER_S)
		s->oldest =
		    clock_now_ticks() - set->max_age * CLOCK_TICKS_PER_S;
	s->mean_bytes =
	    s->last < 0 ? 0 : (size_t)(r->bytes / ((uint64_t)s->last + 1));
}

/* Settings whose acl stands in the stream's own memory. */
static struct settings
keep_settings(struct stream *s, const struct settings *set)
{
	struct settings kept = *set;

	memcpy(s->acl, set->acl.p, set->acl.n);
	kept.acl.p = s->acl;
	return kept;
}

static enum err
lookup_base(struct txn *tx, struct stream *s)
{
	struct stream_record r;
	enum err e;

	s->settings.max_count = META_MAX_COUNT;
	e = tbl_streams_get(tx, name_base(s->name), &r);
	if (e != ERR_OK)
		return e == ERR_NO_STREAM ? ERR_OK : e;
	s->base = keep_settings(s, &r.settings);
	return r.is_deleted ? ERR_DELETED : ERR_OK;
}

enum err
stream_lookup(struct txn *tx, struct slice name, struct stream *s)
{
	struct stream_record r;
	enum err e, base;

	s->name = name;
	s->last = EVENT_NUMBER_NONE;
	s->settings = s->base = (struct settings){0};
	s->is_public = false;
	base = name_is_meta(name) ? lookup_base(tx, s) : ERR_OK;
	if ((e = tbl_streams_get(tx, name, &r)) != ERR_OK)
		return base != ERR_OK ? base : e;
	s->id = r.id;
	s->last = r.last;
	if (!name_is_meta(name))
		s->settings = keep_settings(s, &r.settings);
	find_limits(s, &r);
	if (base != ERR_OK || r.is_deleted)
		return base != ERR_OK ? base : ERR_DELETED;
	if (r.last < 0 || settings_soft_deleted(&s->settings))
		return ERR_NO_STREAM;
	return ERR_OK;
}

bool
stream_shows(const struct stream *s, const struct event *e)
{
	return e->number >= s->first && e->created >= s->oldest;
}

static struct events_range
range_of(const struct stream *s, int64_t from, int64_t to)
{
	return (struct events_range){.stream_id = s->id,
	    .from = from,
	    .to = to,
	    .mean_bytes = s->mean_bytes};
}

/* Read one event into the page's memory, if the stream shows it. */
static enum err
read_shown(
    struct txn *tx, const struct stream *s, struct page *pg, struct event *ev)
{
	struct events_range one = range_of(s, ev->number, ev->number);
	enum err e;

	if (ev->number < s->first || ev->number > s->last)
		return ERR_NO_EVENT;
	if ((e = tbl_events_get(tx, pg, &one, ev)) != ERR_OK)
		return e;
	return stream_shows(s, ev) ? ERR_OK : ERR_NO_EVENT;
}

enum err
stream_event(
    struct txn *tx, const struct stream *s, int64_t number, struct page *pg)
{
	struct event ev = {.number = number};
	struct entry *entry;
	enum err e;

	if ((e = read_shown(tx, s, pg, &ev)) != ERR_OK)
		return e;
	if ((e = page_add(pg, &entry)) != ERR_OK)
		return e;
	entry->event = ev;
	entry->stream = s->name;
	return ERR_OK;
}

enum err
stream_page(struct txn *tx, const struct stream *s,
    const struct stream_range *range, struct page *pg)
{
	struct events_range r = range_of(s, later(range->from, s->first),
	    range->to < s->last ? range->to : s->last);
	size_t i, hidden = 0, n = page_count(pg);
	enum err e;

	if (r.from > r.to)
		return ERR_OK;
	if ((e = tbl_events_read(tx, pg, &r)) != ERR_OK)
		return e;
	for (i = n; i < page_count(pg); i++) {
		struct entry *entry = page_entry(pg, i);

		entry->stream = s->name;
		/* Time of creation does not quite follow the numbers when
		 * the clock is set, so what is hidden need not be first. */
		if (stream_shows(s, &entry->event))
			*page_entry(pg, i - hidden) = *entry;
		else
			hidden++;
	}
	page_drop_last(pg, hidden);
	return ERR_OK;
}

/* Look at what a link event names; its outcome is in entry->link. */
static enum err
resolve_target(struct txn *tx, struct page *pg, struct entry *entry,
    const struct stream *target)
{
	enum err e;

	entry->target.number = entry->target_number;
	e = read_shown(tx, target, pg, &entry->target);
	if (e == ERR_OK)
		entry->link = LINK_RESOLVED;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

static enum err
resolve_entry(
    struct txn *tx, struct page *pg, struct entry *entry, struct stream *target)
{
	enum err e;

	entry->link = LINK_BROKEN;
	e = stream_lookup(tx, entry->target_stream, target);
	if (e == ERR_OK)
		return resolve_target(tx, pg, entry, target);
	return e == ERR_NO_STREAM || e == ERR_DELETED ? ERR_OK : e;
}

enum err
stream_resolve(
    struct txn *tx, struct page *pg, stream_may_read_f *may_read, void *arg)
{
	struct stream target;
	struct entry *entry;
	size_t i;
	enum err e;

	for (i = 0; i < page_count(pg); i++) {
		entry = page_entry(pg, i);
		if (!link_parse(&entry->event, &entry->target_number,
			&entry->target_stream))
			continue;
		e = resolve_entry(tx, pg, entry, &target);
		if (e == ERR_OK && may_read != NULL)
			e = may_read(tx, arg, &target);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
stream_end(struct txn *tx, uint64_t *position)
{
	struct counters c;
	enum err e = tbl_counters_get(tx, &c);

	*position = c.position;
	return e;
}

/* The event that a row of the table names, with its stream's name. */
static enum err
add_row(struct txn *tx, struct page *pg, const struct all_row *row)
{
	struct events_range one = {.stream_id = row->stream_id,
	    .from = row->number,
	    .to = row->number};
	char name[STREAM_MAX_META_NAME];
	struct entry *entry;
	size_t n;
	enum err e;

	if ((e = page_add(pg, &entry)) != ERR_OK)
		return e;
	e = tbl_events_get(tx, pg, &one, &entry->event);
	if (e == ERR_OK)
		e = tbl_streams_name(tx, row->stream_id, name, &n);
	if (e == ERR_OK)
		e = page_copy(pg, slice(name, n), &entry->stream);
	return e == ERR_NO_EVENT ? ERR_CORRUPT : e;
}

typedef enum err read_rows_f(
    struct txn *, uint64_t, struct all_row *, size_t *);

/* Rows from end on may not be committed. */
static enum err
add_rows(struct txn *tx, const struct all_row *rows, size_t n, uint64_t end,
    struct page *pg)
{
	size_t i;
	enum err e = ERR_OK;

	for (i = 0; i < n && e == ERR_OK && rows[i].position < end; i++)
		e = add_row(tx, pg, &rows[i]);
	return e;
}

static enum err
read_all(struct txn *tx, uint64_t pos, size_t n, struct page *pg,
    read_rows_f *read_rows)
{
	struct all_row *rows;
	uint64_t end;
	enum err e;

	if (n > PAGE_MAX_EVENTS)
		return ERR_TOO_LARGE;
	if ((e = stream_end(tx, &end)) != ERR_OK)
		return e;
	rows = xmalloc(n * sizeof(*rows));
	e = read_rows(tx, pos < end ? pos : end, rows, &n);
	if (e == ERR_OK)
		e = add_rows(tx, rows, n, end, pg);
	free(rows);
	return e;
}

enum err
stream_all(struct txn *tx, uint64_t pos, size_t n, struct page *pg)
{
	return read_all(tx, pos, n, pg, tbl_all_read);
}

enum err
stream_all_back(struct txn *tx, uint64_t pos, size_t n, struct page *pg)
{
	return read_all(tx, pos, n, pg, tbl_all_read_back);
}

static int
compare_ids(const void *a, const void *b)
{
	return guid_cmp(
	    *(const struct guid *const *)a, *(const struct guid *const *)b);
}

static bool
ids_differ(const struct append *a)
{
	const struct guid **ids;
	bool differ = true;
	size_t i;

	if (a->n < 2)
		return true;
	ids = xmalloc(a->n * sizeof(*ids));
	for (i = 0; i < a->n; i++)
		ids[i] = &a->events[i].id;
	qsort(ids, a->n, sizeof(*ids), compare_ids);
	for (i = 1; i < a->n && differ; i++)
		differ = guid_cmp(ids[i - 1], ids[i]) != 0;
	free(ids);
	return differ;
}

enum err
stream_append(struct store *st, struct append *a)
{
	if (!ids_differ(a))
		return ERR_INVALID;
	a->was_allowed = false;
	if (a->kind != APPEND_EVENTS)
		guid_random(&a->deletion);
	return writer_append(store_writer(st), a);
}
