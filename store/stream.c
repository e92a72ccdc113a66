#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/forward.h"
#include "store/link.h"
#include "store/role.h"
#include "store/store.h"
#include "store/stream.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/writer.h"

/* How often a read in the master's name looks whether a quorum confirmed it. */
#define ACKED_LOOK_MS 1

/* More often than events can be removed while a page is read. */
#define TRIES_IN_DOUBT 8

enum err
stream_run(struct store *st, stream_body_f *body, void *arg)
{
	return txn_run(st, TXN_READ, body, arg);
}

/* What a read in the master's name is to do, and what it has seen. */
struct master_read {
	stream_body_f *body;
	void *arg;
	uint64_t end;
};

/* The end comes last: where there is no snapshot, it covers the rest. */
static enum err
read_with_end(struct txn *tx, void *arg)
{
	struct master_read *r = arg;
	enum err came = r->body(tx, r->arg), e;

	if (came == ERR_DEADLOCK || came == ERR_RECOVERY || came == ERR_STALE)
		return came;
	e = stream_next(tx, &r->end);
	return e == ERR_OK ? came : e;
}

static enum err
why_not_master(struct role *role)
{
	struct role_view now;

	role_look(role, &now);
	return now.kind == ROLE_REPLICA ? ERR_NOT_MASTER : ERR_NO_MASTER;
}

enum err
stream_run_as_master(struct store *st, stream_body_f *body, void *arg)
{
	struct master_read r = {.body = body, .arg = arg};
	struct role *role = store_role(st);
	int64_t deadline = store_deadline(st);
	uint64_t began, now;
	enum err e;

	if (!role_has_peers(role))
		return stream_run(st, body, arg);
	if (!role_is_master(role, &began))
		return why_not_master(role);
	e = txn_run(st, TXN_READ, read_with_end, &r);
	while (role_acked(role) < r.end && role_is_master(role, &now) &&
	       now == began && clock_mono_ms() < deadline)
		clock_sleep_ms(ACKED_LOOK_MS);
	if (role_acked(role) < r.end || !store_vouched(st) ||
	    !role_is_master(role, &now) || now != began)
		return why_not_master(role);
	return e;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
find_limits(struct stream *s, const struct stream_record *r)
{
	struct settings_limits limits =
	    settings_limits(&s->settings, s->last, clock_now_ticks());
	int64_t n = r->last - r->first + 1; /* are there */

	s->first = later(limits.first, r->first);
	s->oldest = limits.oldest;
	s->mean_bytes = n <= 0 ? 0 : (size_t)(r->bytes / (uint64_t)n);
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

	s->settings = settings_of_metastream;
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

/*
 * The snapshot says that an event is there, but it is not.  If it has been
 * removed since then, a newer snapshot knows that it is hidden, and what is
 * shown in its place.
 */
static enum err
doubt(const struct txn *tx)
{
	return tx->tries < TRIES_IN_DOUBT ? ERR_DEADLOCK : ERR_CORRUPT;
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
		return e == ERR_NO_EVENT ? doubt(tx) : e;
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

/* Whether less was read, from the nth entry on, than there must be. */
static bool
is_incomplete(const struct page *pg, size_t n, const struct events_range *r)
{
	return page_count(pg) - n < (uint64_t)(r->to - r->from) + 1;
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
	if (is_incomplete(pg, n, &r))
		return doubt(tx);
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
stream_next(struct txn *tx, uint64_t *position)
{
	struct counters c;
	enum err e = tbl_counters_get(tx, &c);

	*position = c.position;
	return e;
}

enum err
stream_end(struct txn *tx, uint64_t *position)
{
	if (tx->end == 0)
		return stream_next(tx, position);
	*position = tx->end;
	return ERR_OK;
}

static enum err
read_end(struct txn *tx, void *arg)
{
	return stream_end(tx, arg);
}

enum err
stream_read_end(struct store *st, uint64_t *position)
{
	return stream_run(st, read_end, position);
}

/* A row whose event has been removed is passed over: it is, or will be, too. */
static enum err
add_one_by_one(
    struct txn *tx, struct page *pg, const struct all_row *rows, size_t n)
{
	struct events_range one = {.stream_id = rows[0].stream_id};
	struct entry *entry;
	struct event ev;
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; i < n && (e == ERR_OK || e == ERR_NO_EVENT); i++) {
		one.from = one.to = rows[i].number;
		e = tbl_events_get(tx, pg, &one, &ev);
		if (e == ERR_OK && (e = page_add(pg, &entry)) == ERR_OK)
			entry->event = ev;
	}
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/* Of the first rows, those whose events stand side by side in a stream. */
static size_t
count_neighbours(const struct all_row *rows, size_t n)
{
	int64_t step = n > 1 ? rows[1].number - rows[0].number : 0;
	size_t i;

	if (step != 1 && step != -1)
		return 1;
	for (i = 1; i < n; i++)
		if (rows[i].stream_id != rows[0].stream_id ||
		    rows[i].number - rows[i - 1].number != step)
			break;
	return i;
}

static enum err
add_neighbours(
    struct txn *tx, struct page *pg, const struct all_row *rows, size_t n)
{
	int64_t first = rows[0].number, last = rows[n - 1].number;
	struct events_range range = {.stream_id = rows[0].stream_id,
	    .from = first < last ? first : last,
	    .to = first < last ? last : first};
	size_t begin = page_count(pg);
	enum err e;

	if (n == 1)
		return add_one_by_one(tx, pg, rows, n);
	if ((e = tbl_events_read(tx, pg, &range)) != ERR_OK)
		return e;
	if (page_count(pg) - begin < n) {
		page_drop_last(pg, page_count(pg) - begin);
		return add_one_by_one(tx, pg, rows, n);
	}
	if (first > last)
		page_reverse_from(pg, begin);
	return ERR_OK;
}

/* The events that such rows name, with their stream's name. */
static enum err
add_rows(struct txn *tx, struct page *pg, const struct all_row *rows, size_t n)
{
	size_t len, i = page_count(pg);
	char text[STREAM_MAX_META_NAME];
	struct slice name;
	enum err e;

	e = add_neighbours(tx, pg, rows, n);
	if (e != ERR_OK || page_count(pg) == i)
		return e;
	e = tbl_streams_name(tx, rows[0].stream_id, text, &len);
	if (e != ERR_OK ||
	    (e = page_copy(pg, slice(text, len), &name)) != ERR_OK)
		return e;
	for (; i < page_count(pg); i++)
		page_entry(pg, i)->stream = name;
	return ERR_OK;
}

typedef enum err read_rows_f(
    struct txn *, uint64_t, struct all_row *, size_t *);

/* A walk over the events of all streams, upwards or downwards. */
struct all_walk {
	struct txn *tx;
	struct page *page;
	read_rows_f *read_rows;
	uint64_t at;  /* where to go on */
	uint64_t end; /* rows from there on may not be committed */
	struct all_row *rows;
	bool is_over;
};

static size_t
count_committed(const struct all_walk *w, size_t n)
{
	size_t i = 0;

	while (i < n && w->rows[i].position < w->end)
		i++;
	return i;
}

/* Add at most n events of the next n rows. */
static enum err
walk_rows(struct all_walk *w, size_t n)
{
	size_t i, together, found = n;
	enum err e = w->read_rows(w->tx, w->at, w->rows, &found);

	found = count_committed(w, found);
	w->is_over = found < n;
	for (i = 0; i < found && e == ERR_OK; i += together) {
		together = count_neighbours(&w->rows[i], found - i);
		e = add_rows(w->tx, w->page, &w->rows[i], together);
	}
	if (found > 0)
		w->at = w->rows[found - 1].position;
	if (w->read_rows == tbl_all_read)
		w->at++;
	return e;
}

/*
 * A page is full if there are as many events, also when some are removed
 * meanwhile: "previous" and how long caches may keep it depend on that.
 */
static enum err
read_all(struct all_walk *w, size_t n)
{
	size_t full = page_count(w->page) + n;
	enum err e;

	if (n > PAGE_MAX_EVENTS)
		return ERR_TOO_LARGE;
	if ((e = stream_end(w->tx, &w->end)) != ERR_OK)
		return e;
	if (w->at > w->end)
		w->at = w->end;
	w->rows = xmalloc(n * sizeof(*w->rows));
	while (e == ERR_OK && !w->is_over && page_count(w->page) < full)
		e = walk_rows(w, full - page_count(w->page));
	free(w->rows);
	return e;
}

enum err
stream_all(struct txn *tx, uint64_t pos, size_t n, struct page *pg)
{
	struct all_walk w = {
	    .tx = tx, .page = pg, .read_rows = tbl_all_read, .at = pos};

	return read_all(&w, n);
}

enum err
stream_all_back(struct txn *tx, uint64_t pos, size_t n, struct page *pg)
{
	struct all_walk w = {
	    .tx = tx, .page = pg, .read_rows = tbl_all_read_back, .at = pos};

	return read_all(&w, n);
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
	return forward_append(st, a);
}

bool
stream_append_would_wait(struct store *st)
{
	return !role_has_peers(store_role(st)) &&
	       writer_is_busy(store_writer(st));
}

enum err
stream_append_later(
    struct store *st, struct append *a, stream_done_f *done, void *arg)
{
	assert(a->kind == APPEND_EVENTS);
	if (!ids_differ(a))
		return ERR_INVALID;
	a->was_allowed = false;
	return writer_append_later(store_writer(st), a, done, arg);
}

enum err
stream_append_here(struct store *st, struct append *a)
{
	return ids_differ(a) ? writer_append(store_writer(st), a) : ERR_INVALID;
}
