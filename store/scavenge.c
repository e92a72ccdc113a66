#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/buf.h"
#include "store/clock.h"
#include "store/compact.h"
#include "store/env.h"
#include "store/log.h"
#include "store/name.h"
#include "store/page.h"
#include "store/scavenge.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/txn.h"

#define STREAMS_AT_ONCE 500        /* looked at in one snapshot */
#define EVENTS_AT_ONCE  100        /* removed in one transaction */
#define BYTES_AT_ONCE   (1u << 20) /* of them, unless one alone has more */

/*
 * While appends come, this many times as long as a transaction took: then
 * they have to wait, or share the processors, for a tenth of the time.
 */
#define REST_FACTOR  9
#define LEAST_REST   5 /* ms */
#define LONGEST_REST 200

/* A stream that may have something to remove. */
struct candidate {
	size_t name_at, name_len; /* in pass->names */
	uint64_t id;
	int64_t first, last;
	size_t mean_bytes;
	bool is_gone; /* for good, or its base stream is */
	bool has_ids; /* is_gone, and not all its ids are forgotten */
};

struct victim {
	uint64_t position;
	int64_t created;
	size_t bytes;
};

/* Some of the events of one stream that are to be removed together. */
struct group {
	const struct candidate *stream;
	int64_t first;
	size_t at, n; /* in pass->victims */
};

struct pass {
	struct scavenge *s;
	struct env *env;
	struct page *page;

	/* What one look at the streams found. */
	struct buf names;
	struct candidate streams[STREAMS_AT_ONCE];
	size_t nstreams;
	size_t looked_at;
	char last_name[STREAM_MAX_META_NAME];
	size_t last_name_len;

	/* What goes in the next transaction. */
	struct victim victims[EVENTS_AT_ONCE];
	size_t nvictims;
	size_t victim_bytes;
	struct group groups[EVENTS_AT_ONCE];
	size_t ngroups;

	/* What the last one did. */
	uint64_t removed, removed_bytes;
	size_t forgotten;
	uint64_t position;      /* of the counters then */
	int64_t begun;          /* when it had its first lock */
	uint64_t last_position; /* before */
	int64_t resumed;        /* when compacting went on */
};

static struct slice
name_of(const struct pass *p, const struct candidate *c)
{
	return slice(buf_slice(&p->names).p + c->name_at, c->name_len);
}

static const struct settings *
settings_of(struct slice name, const struct stream_record *r)
{
	return name_is_meta(name) ? &settings_of_metastream : &r->settings;
}

/* Whether nobody will ever read or write it again. */
static enum err
find_whether_gone(struct txn *tx, struct slice name,
    const struct stream_record *r, bool *is_gone)
{
	struct stream_record base;
	enum err e;

	*is_gone = r->is_deleted;
	if (r->is_deleted || !name_is_meta(name))
		return ERR_OK;
	e = tbl_streams_get(tx, name_base(name), &base);
	*is_gone = e == ERR_OK && base.is_deleted;
	return e == ERR_NO_STREAM ? ERR_OK : e;
}

/* Whether there may be anything to remove.  Age is looked at later. */
static bool
is_worthwhile(const struct candidate *c, const struct settings_limits *l)
{
	if (c->has_ids)
		return true;
	if (c->first > c->last)
		return false;
	return c->is_gone || l->first > c->first || l->oldest > INT64_MIN;
}

static void
add_candidate(struct pass *p, struct slice name, struct candidate c)
{
	c.name_at = buf_slice(&p->names).n;
	c.name_len = name.n;
	buf_add_slice(&p->names, name);
	p->streams[p->nstreams++] = c;
}

/* A look, and the transaction that it is taken in. */
struct look {
	struct pass *pass;
	struct txn *tx;
};

/* ERR_TOO_LARGE ends the look. */
static enum err
look_at_stream(void *arg, struct slice name, const struct stream_record *r)
{
	struct look *look = arg;
	struct pass *p = look->pass;
	int64_t n = r->last - r->first + 1;
	struct candidate c = {.id = r->id,
	    .first = r->first,
	    .last = r->last,
	    .mean_bytes = n <= 0 ? 0 : (size_t)(r->bytes / (uint64_t)n)};
	struct settings_limits limits =
	    settings_limits(settings_of(name, r), r->last, clock_now_ticks());
	enum err e;

	e = find_whether_gone(look->tx, name, r, &c.is_gone);
	if (e != ERR_OK)
		return e;
	c.has_ids = c.is_gone && r->forgotten < (uint64_t)(r->last + 1);
	if (is_worthwhile(&c, &limits))
		add_candidate(p, name, c);
	memcpy(p->last_name, name.p, name.n);
	p->last_name_len = name.n;
	return ++p->looked_at < STREAMS_AT_ONCE ? ERR_OK : ERR_TOO_LARGE;
}

static enum err
look_at_streams(struct txn *tx, void *arg)
{
	struct look look = {arg, tx};
	struct pass *p = arg;
	char after[STREAM_MAX_META_NAME];
	struct tbl_streams_walk walk = {.each = look_at_stream, .arg = &look};
	enum err e;

	memcpy(after, p->last_name, p->last_name_len);
	walk.after = slice(after, p->last_name_len);
	p->nstreams = p->looked_at = 0;
	buf_reset(&p->names);
	if ((e = tbl_streams_each(tx, &walk)) == ERR_TOO_LARGE)
		e = ERR_OK;
	if (e == ERR_OK && buf_failed(&p->names))
		e = ERR_NO_MEMORY;
	if (e != ERR_OK) { /* to be taken from there again */
		memcpy(p->last_name, after, walk.after.n);
		p->last_name_len = walk.after.n;
	}
	return e;
}

/* False: it is shown, or will not be judged by its limits. */
static bool
is_hidden(const struct settings_limits *l, int64_t number, int64_t created)
{
	return number < l->first || created < l->oldest;
}

static struct settings_limits
limits_of(
    const struct candidate *c, struct slice name, const struct stream_record *r)
{
	if (c->is_gone)
		return (struct settings_limits){INT64_MAX, INT64_MAX};
	return settings_limits(
	    settings_of(name, r), r->last, clock_now_ticks());
}

/* How many more events of a stream the next transaction takes. */
static size_t
room(const struct pass *p, const struct candidate *c)
{
	size_t n = EVENTS_AT_ONCE - p->nvictims, fit;

	if (p->victim_bytes >= BYTES_AT_ONCE)
		return 0;
	fit = (BYTES_AT_ONCE - p->victim_bytes) / (c->mean_bytes + 1) + 1;
	return n < fit ? n : fit;
}

/* What a plan is made for, and what comes of it. */
struct plan {
	struct pass *pass;
	struct candidate *stream;
	size_t want;
	bool is_over; /* nothing more of this stream is to go */
};

static void
add_victims(struct plan *pl, const struct settings_limits *limits)
{
	struct pass *p = pl->pass;
	struct candidate *c = pl->stream;
	struct group *g = &p->groups[p->ngroups];
	size_t i;

	*g = (struct group){.stream = c, .first = c->first, .at = p->nvictims};
	for (i = 0; i < page_count(p->page); i++) {
		const struct event *ev = &page_entry(p->page, i)->event;

		if (ev->number != g->first + (int64_t)i ||
		    !is_hidden(limits, ev->number, ev->created))
			break;
		p->victims[g->at + g->n++] = (struct victim){
		    ev->position, ev->created, event_record_size(ev)};
	}
	pl->is_over = g->n == 0 || i < page_count(p->page);
}

/* Touches what will be removed, so that the cache has it then. */
static enum err
warm_rows(struct txn *tx, const struct pass *p)
{
	const struct group *g = &p->groups[p->ngroups];
	struct all_row row;
	size_t i, n;
	enum err e = ERR_OK;

	for (i = 0; i < g->n && e == ERR_OK; i++) {
		n = 1;
		e = tbl_all_read(tx, p->victims[g->at + i].position, &row, &n);
	}
	return e;
}

static enum err
make_plan(struct txn *tx, void *arg)
{
	struct plan *pl = arg;
	struct pass *p = pl->pass;
	struct candidate *c = pl->stream;
	struct events_range range = {.stream_id = c->id,
	    .from = c->first,
	    .to = c->first + (int64_t)pl->want - 1,
	    .mean_bytes = c->mean_bytes};
	struct stream_record r;
	struct settings_limits limits;
	enum err e;

	page_reset(p->page);
	if ((e = tbl_streams_get(tx, name_of(p, c), &r)) != ERR_OK)
		return e;
	limits = limits_of(c, name_of(p, c), &r);
	if (range.to > r.last)
		range.to = r.last;
	if (range.to >= range.from)
		e = tbl_events_read(tx, p->page, &range);
	/* Very long ones: what fits is enough to go on with. */
	if (e != ERR_OK && (e != ERR_TOO_LARGE || page_count(p->page) == 0))
		return e;
	add_victims(pl, &limits);
	return warm_rows(tx, p);
}

static enum err
remove_event(struct txn *tx, const struct group *g, struct stream_record *r,
    const struct victim *v)
{
	enum err e = tbl_events_delete(tx, g->stream->id, r->first);

	if (e == ERR_OK)
		e = tbl_all_delete(tx, v->position);
	r->first++;
	r->bytes -= v->bytes;
	return e == ERR_NO_EVENT ? ERR_CORRUPT : e;
}

/* The stream may have come to show again what was hidden. */
static enum err
remove_group(struct txn *tx, struct pass *p, const struct group *g)
{
	struct slice name = name_of(p, g->stream);
	struct settings_limits limits;
	struct stream_record r;
	size_t i;
	enum err e = tbl_streams_get_for_update(tx, name, &r);

	if (e != ERR_OK)
		return e;
	if (r.id != g->stream->id || r.first != g->first)
		return ERR_CORRUPT;
	limits = limits_of(g->stream, name, &r);
	for (i = 0; i < g->n; i++) {
		const struct victim *v = &p->victims[g->at + i];

		if (!is_hidden(&limits, r.first, v->created))
			break;
		if ((e = remove_event(tx, g, &r, v)) != ERR_OK)
			return e;
		p->removed_bytes += v->bytes;
	}
	p->removed += i;
	return i == 0 ? ERR_OK : tbl_streams_put(tx, name, &r);
}

/* From here on appends wait for us. */
static enum err
begin_removing(struct txn *tx, struct pass *p, struct counters *counters)
{
	enum err e = tbl_counters_get_for_update(tx, counters);

	p->begun = clock_mono_ms();
	p->position = counters->position;
	return e;
}

static enum err
remove_groups(struct txn *tx, void *arg)
{
	struct pass *p = arg;
	struct counters counters;
	size_t i;
	enum err e;

	p->removed = p->removed_bytes = 0;
	if ((e = begin_removing(tx, p, &counters)) != ERR_OK)
		return e;
	for (i = 0; i < p->ngroups; i++)
		if ((e = remove_group(tx, p, &p->groups[i])) != ERR_OK)
			return e;
	counters.removed += p->removed;
	return tbl_counters_put(tx, &counters);
}

/* Let appends through that came meanwhile; false: stop. */
static bool
rest(struct pass *p, int64_t took_ms)
{
	int64_t ms = REST_FACTOR * took_ms + LEAST_REST;

	if (p->position != p->last_position)
		clock_sleep_ms(ms < LONGEST_REST ? ms : LONGEST_REST);
	p->last_position = p->position;
	return p->s->go_on == NULL || p->s->go_on(p->s->arg, p->s);
}

/* Damage in one stream does not keep others from being scavenged. */
static enum err
pass_over_damage(struct pass *p, const struct candidate *c, enum err e)
{
	char quoted[LOG_QUOTE_SIZE];

	if (e != ERR_CORRUPT && e != ERR_NO_STREAM && e != ERR_TOO_LARGE)
		return e;
	log_warn("scavenge", "stream=%s left as it is: %s",
	    log_quote(quoted, name_of(p, c)), err_text(e));
	p->s->damaged++;
	return ERR_OK;
}

static void
drop_batch(struct pass *p)
{
	p->nvictims = p->victim_bytes = p->ngroups = 0;
}

static enum err
remove_batch(struct pass *p)
{
	enum err e;

	if (p->ngroups == 0)
		return ERR_OK;
	e = txn_run_once(p->env, TXN_WRITE_LATER, remove_groups, p);
	if (e == ERR_OK) {
		p->s->events += p->removed;
		p->s->bytes += p->removed_bytes;
	} else {
		e = pass_over_damage(p, p->groups[0].stream, e);
	}
	drop_batch(p);
	if (e == ERR_OK && !rest(p, clock_mono_ms() - p->begun))
		e = ERR_UNAVAILABLE;
	return e;
}

/* Take what was planned into the batch. */
static void
accept_plan(struct pass *p, struct candidate *c)
{
	const struct group *g = &p->groups[p->ngroups];
	size_t i;

	for (i = 0; i < g->n; i++)
		p->victim_bytes += p->victims[g->at + i].bytes;
	p->nvictims += g->n;
	c->first += (int64_t)g->n;
	if (g->n > 0)
		p->ngroups++;
}

static enum err
scavenge_events(struct pass *p, struct candidate *c)
{
	struct plan pl = {.pass = p, .stream = c};
	enum err e = ERR_OK;

	while (e == ERR_OK && !pl.is_over && c->first <= c->last) {
		if ((pl.want = room(p, c)) == 0) {
			e = remove_batch(p);
			continue;
		}
		e = txn_run_once(p->env, TXN_READ, make_plan, &pl);
		if (e == ERR_OK)
			accept_plan(p, c);
		else if ((e = pass_over_damage(p, c, e)) == ERR_OK)
			return ERR_OK;
	}
	return e;
}

struct forgetting {
	struct pass *pass;
	const struct candidate *stream;
};

static enum err
forget_ids(struct txn *tx, void *arg)
{
	struct forgetting *f = arg;
	struct pass *p = f->pass;
	struct slice name = name_of(p, f->stream);
	struct stream_record r;
	struct counters counters;
	enum err e;

	p->forgotten = EVENTS_AT_ONCE;
	if ((e = begin_removing(tx, p, &counters)) != ERR_OK)
		return e;
	if ((e = tbl_streams_get_for_update(tx, name, &r)) != ERR_OK)
		return e;
	e = tbl_event_ids_forget(tx, r.id, EVENT_NUMBER_TOMB, &p->forgotten);
	if (e != ERR_OK || p->forgotten == 0)
		return e;
	r.forgotten += p->forgotten;
	return tbl_streams_put(tx, name, &r);
}

static enum err
scavenge_ids(struct pass *p, const struct candidate *c)
{
	struct forgetting f = {p, c};
	enum err e;

	/* An event goes before its id does. */
	if ((e = remove_batch(p)) != ERR_OK)
		return e;
	do {
		e = txn_run_once(p->env, TXN_WRITE_LATER, forget_ids, &f);
		if (e != ERR_OK)
			return pass_over_damage(p, c, e);
		p->s->ids += p->forgotten;
		if (!rest(p, clock_mono_ms() - p->begun))
			return ERR_UNAVAILABLE;
	} while (p->forgotten == EVENTS_AT_ONCE);
	return ERR_OK;
}

static enum err
scavenge_streams(struct pass *p)
{
	size_t i;
	enum err e = ERR_OK;

	for (i = 0; i < p->nstreams && e == ERR_OK; i++) {
		e = scavenge_events(p, &p->streams[i]);
		if (e == ERR_OK && p->streams[i].has_ids)
			e = scavenge_ids(p, &p->streams[i]);
	}
	/* Names and groups go with the look that found them. */
	return e == ERR_OK ? remove_batch(p) : e;
}

static enum err
remove_hidden(struct pass *p)
{
	enum err e;

	do {
		e = txn_run_once(p->env, TXN_READ, look_at_streams, p);
		if (e == ERR_OK)
			e = scavenge_streams(p);
		if (e == ERR_OK)
			p->s->streams += p->looked_at;
		if (e == ERR_OK && !rest(p, 0))
			e = ERR_UNAVAILABLE;
	} while (e == ERR_OK && p->looked_at == STREAMS_AT_ONCE);
	return e;
}

static enum err
read_position(struct txn *tx, void *arg)
{
	struct pass *p = arg;
	struct counters counters;
	enum err e = tbl_counters_get(tx, &counters);

	p->position = counters.position;
	return e;
}

/* Between two pieces of a table that is compacted. */
static bool
rest_from_compacting(void *arg)
{
	struct pass *p = arg;
	int64_t took = clock_mono_ms() - p->resumed;
	bool go_on;

	txn_run_once(p->env, TXN_READ, read_position, p);
	go_on = rest(p, took);
	p->resumed = clock_mono_ms();
	return go_on;
}

static enum err
give_pages_back(struct pass *p)
{
	static const enum table all[] = {
	    TABLE_EVENTS, TABLE_ALL, TABLE_EVENT_IDS};
	struct compact c = {.go_on = rest_from_compacting, .arg = p};
	size_t i;
	enum err e = ERR_OK;

	p->s->phase = SCAVENGE_COMPACTING;
	p->resumed = clock_mono_ms();
	for (i = 0; i < sizeof(all) / sizeof(all[0]) && e == ERR_OK; i++) {
		c.table = all[i];
		if (p->s->compact ||
		    (c.table == TABLE_EVENT_IDS ? p->s->ids : p->s->events) > 0)
			e = compact_table(p->env, &c);
	}
	return e;
}

static uint64_t
count_bytes(struct env *env)
{
	uint64_t n = 0;
	enum table t;

	for (t = 0; t < TABLES; t++)
		n += env_table_bytes(env, t);
	return n;
}

enum err
scavenge_run(struct env *env, struct scavenge *s)
{
	struct pass *p = xcalloc(1, sizeof(*p));
	int64_t start = clock_mono_ms();
	enum err e;

	p->s = s;
	p->env = env;
	p->page = page_new();
	*s = (struct scavenge){.go_on = s->go_on,
	    .arg = s->arg,
	    .compact = s->compact,
	    .bytes_before = count_bytes(env)};
	if ((e = remove_hidden(p)) == ERR_OK)
		e = give_pages_back(p);
	s->bytes_after = count_bytes(env);
	s->ms = clock_mono_ms() - start;
	page_free(&p->page);
	buf_fini(&p->names);
	free(p);
	return e;
}
