#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/alloc.h"
#include "store/env.h"
#include "store/log.h"
#include "store/page.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/txn.h"
#include "store/verify.h"
#include "store/verify_rows.h"

#define ROWS_AT_ONCE 2000

/* Over about as many rows as there are events. */
#define WALKS 4

/* At what looks damaged, before that is believed. */
#define LOOKS 4

/* The ids of the stream that they are counted of. */
struct id_count {
	uint64_t stream_id; /* 0: of none yet */
	int64_t last;       /* greatest number that counts; -1: none does */
	bool is_deleted;
	uint64_t least, most; /* that there may be */
	uint64_t n;
};

struct check {
	struct verify *v;
	uint64_t end;     /* the next position */
	uint64_t next_id; /* the next stream's */
	uint64_t removed; /* events, by scavenging, when the check began */
	uint64_t sum;     /* of the streams' events */
	uint64_t sum_removed;
	uint64_t sum_ids;
	struct txn *tx; /* while the streams are summed up */
	uint64_t from;  /* the next row to look at */
	uint64_t streams;

	/* One look at a part of a table. */
	bool is_sure;  /* it is no fault that may be gone a moment later */
	bool in_doubt; /* there is one */
	uint64_t looked_at, gaps;

	/* Event ids. */
	struct id_row last_id;
	struct id_count count;
};

void
verify_fault(struct verify *v, const char *fmt, ...)
{
	char sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	v->faults++;
	v->on_fault(v->arg, sentence);
}

void
verify_add(struct verify *v, uint64_t rows)
{
	v->rows += rows;
	if (v->on_progress != NULL)
		v->on_progress(v->arg, v);
}

/*
 * Found in tables that are read as they are at the moment: scavenging may be
 * about to remove what the rest of it belongs to, so this is looked at again.
 */
static bool
is_fault(struct check *c)
{
	c->in_doubt = true;
	return c->is_sure;
}

static enum err
add_stream(void *arg, struct slice name, const struct stream_record *s)
{
	struct check *c = arg;
	char quoted[LOG_QUOTE_SIZE], back[STREAM_MAX_META_NAME];
	size_t n;
	enum err e;

	if (s->id == 0 || s->id >= c->next_id)
		verify_fault(c->v,
		    "Stream %s has the id %" PRIu64
		    ", which has not been given to one.",
		    log_quote(quoted, name), s->id);
	if ((e = tbl_streams_name(c->tx, s->id, back, &n)) != ERR_OK &&
	    e != ERR_CORRUPT)
		return e;
	if (e == ERR_CORRUPT || !slice_eq(slice(back, n), name))
		verify_fault(c->v,
		    "The id %" PRIu64 " of stream %s does not lead to it.",
		    s->id, log_quote(quoted, name));
	c->streams++;
	c->sum_ids +=
	    (uint64_t)(s->last + 1) - s->forgotten + (s->is_deleted ? 1 : 0);
	if (s->first < 0 || s->first > s->last + 1)
		verify_fault(c->v,
		    "Stream %s ends at %" PRId64
		    ", but its events before %" PRId64 " were removed.",
		    log_quote(quoted, name), s->last, s->first);
	c->sum += (uint64_t)(s->last + 1) + (s->is_deleted ? 1 : 0);
	c->sum_removed += (uint64_t)s->first;
	return ERR_OK;
}

static enum err
check_sums(struct txn *tx, void *arg)
{
	struct check *c = arg;
	struct tbl_streams_walk walk = {.each = add_stream, .arg = c};
	struct counters counters;
	enum err e;

	c->sum = c->sum_removed = c->sum_ids = c->streams = c->v->faults = 0;
	c->tx = tx;
	if ((e = tbl_counters_get(tx, &counters)) != ERR_OK)
		return e;
	c->end = counters.position;
	c->next_id = counters.stream_id;
	c->removed = counters.removed;
	return tbl_streams_each(tx, &walk);
}

/* The row may have gone with its event since it was read. */
static enum err
check_absence(struct txn *tx, struct check *c, const struct all_row *row)
{
	struct all_row now;
	size_t n = 1;
	enum err e = tbl_all_read(tx, row->position, &now, &n);

	if (e != ERR_OK)
		return e;
	if (n == 0 || now.position != row->position)
		c->gaps++;
	else if (is_fault(c))
		verify_fault(c->v,
		    "Position %" PRIu64 " names an event that is not there.",
		    row->position);
	return ERR_OK;
}

/* Whether the event knows its place. */
static enum err
check_event(
    struct txn *tx, struct check *c, const struct all_row *row, struct page *pg)
{
	struct events_range one = {.stream_id = row->stream_id,
	    .from = row->number,
	    .to = row->number};
	struct event ev;
	int64_t number;
	enum err e;

	e = tbl_events_get(tx, pg, &one, &ev);
	if (e == ERR_NO_EVENT)
		return check_absence(tx, c, row);
	if (e == ERR_CORRUPT && is_fault(c))
		verify_fault(c->v,
		    "Position %" PRIu64 " names an event that is damaged.",
		    row->position);
	if (e != ERR_OK)
		return e == ERR_CORRUPT ? ERR_OK : e;
	if (ev.position != row->position && is_fault(c))
		verify_fault(c->v,
		    "The event at position %" PRIu64 " says it is at %" PRIu64
		    ".",
		    row->position, ev.position);
	e = tbl_event_ids_get(tx, row->stream_id, &ev.id, &number);
	if ((e == ERR_NO_EVENT || (e == ERR_OK && number != row->number)) &&
	    is_fault(c))
		verify_fault(c->v,
		    "The id of the event at position %" PRIu64
		    " does not lead to it.",
		    row->position);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

static void
check_number(
    struct check *c, const struct all_row *row, const struct stream_record *s)
{
	if (s->is_deleted && row->number == EVENT_NUMBER_TOMB)
		return;
	if (row->number > s->last && is_fault(c))
		verify_fault(c->v,
		    "Position %" PRIu64 " has number %" PRId64
		    ", but its stream ends at %" PRId64 ".",
		    row->position, row->number, s->last);
	if (row->number < s->first && is_fault(c))
		verify_fault(c->v,
		    "Position %" PRIu64 " has number %" PRId64
		    ", but its stream begins at %" PRId64 ".",
		    row->position, row->number, s->first);
}

static enum err
check_stream(struct txn *tx, struct check *c, const struct all_row *row)
{
	struct stream_record s;
	enum err e = verify_find_stream(tx, row->stream_id, &s);

	if (e == ERR_NO_STREAM) {
		if (is_fault(c))
			verify_fault(c->v,
			    "Position %" PRIu64 " names no stream.",
			    row->position);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (s.id != row->stream_id && is_fault(c))
		verify_fault(c->v,
		    "Position %" PRIu64 " is of stream %" PRIu64
		    ", whose name leads to stream %" PRIu64 ".",
		    row->position, row->stream_id, s.id);
	check_number(c, row, &s);
	return ERR_OK;
}

static enum err
check_row(
    struct txn *tx, struct check *c, const struct all_row *row, struct page *pg)
{
	enum err e;

	page_reset(pg);
	if ((e = check_event(tx, c, row, pg)) != ERR_OK)
		return e;
	return check_stream(tx, c, row);
}

/* Positions without an event; what was removed explains as many, not which. */
static void
add_gap(struct check *c, uint64_t from, uint64_t end)
{
	c->gaps += end - from;
	if (c->removed > 0 || from == end || !is_fault(c))
		return;
	if (end == c->end)
		verify_fault(
		    c->v, "Nothing stands from position %" PRIu64 " on.", from);
	else
		verify_fault(c->v,
		    "Positions %" PRIu64 " to %" PRIu64 " have no event.", from,
		    end - 1);
}

static enum err
check_each(struct txn *tx, struct check *c, struct all_row *rows, size_t n)
{
	struct page *pg = page_new();
	uint64_t expected = c->from;
	size_t i;
	enum err e = ERR_OK;

	c->gaps = 0;
	for (i = 0; i < n && rows[i].position < c->end && e == ERR_OK; i++) {
		add_gap(c, expected, rows[i].position);
		e = check_row(tx, c, &rows[i], pg);
		expected = rows[i].position + 1;
	}
	/* None is left. */
	if (n < ROWS_AT_ONCE || (n > 0 && rows[n - 1].position >= c->end)) {
		add_gap(c, expected, c->end);
		expected = c->end;
	}
	c->looked_at = i;
	c->from = e == ERR_OK ? expected : c->from;
	page_free(&pg);
	return e;
}

/* A part that looks damaged is looked at again before that is believed. */
static enum err
settle(struct txn *tx, struct check *c, uint64_t from)
{
	if (!c->in_doubt || c->is_sure)
		return ERR_OK;
	c->from = from;
	c->is_sure = tx->tries + 1 >= LOOKS;
	return ERR_DEADLOCK;
}

/*
 * A snapshot is one of the time of its first read.  What the streams say must
 * be as old as what is read of the tables that are read as they are.
 */
static enum err
fix_snapshot(struct txn *tx)
{
	struct counters counters;

	return tbl_counters_get(tx, &counters);
}

static enum err
check_rows(struct txn *tx, void *arg)
{
	struct check *c = arg;
	struct all_row *rows = xmalloc(ROWS_AT_ONCE * sizeof(*rows));
	size_t n = ROWS_AT_ONCE;
	uint64_t from = c->from;
	enum err e = fix_snapshot(tx);

	c->in_doubt = false;
	if (e == ERR_OK)
		e = tbl_all_read(tx, c->from, rows, &n);
	if (e == ERR_OK)
		e = check_each(tx, c, rows, n);
	if (e == ERR_OK)
		e = settle(tx, c, from);
	free(rows);
	return e;
}

static enum err
check_all_rows(struct check *c, const struct verify_where *w)
{
	uint64_t gaps = 0;
	enum err e = ERR_OK;

	while (c->from < c->end && e == ERR_OK) {
		c->is_sure = false;
		if ((e = w->run(w->where, check_rows, c)) == ERR_OK) {
			c->v->events += c->looked_at;
			verify_add(c->v, c->looked_at);
			gaps += c->gaps;
		}
	}
	c->gaps = gaps;
	return e;
}

/* The ids of a stream that there must be, as far as is known now. */
static enum err
begin_count(struct txn *tx, struct check *c, uint64_t stream_id)
{
	struct stream_record s;
	enum err e = verify_find_stream(tx, stream_id, &s);

	c->count = (struct id_count){.stream_id = stream_id, .last = -1};
	if (e == ERR_NO_STREAM && stream_id < c->next_id)
		verify_fault(c->v,
		    "Event ids are of stream %" PRIu64 ", which is not there.",
		    stream_id);
	if (e != ERR_OK)
		return e == ERR_NO_STREAM ? ERR_OK : e;
	c->count.last = s.last;
	c->count.is_deleted = s.is_deleted;
	c->count.most = (uint64_t)s.last + 1 - s.forgotten + s.is_deleted;
	return ERR_OK;
}

/* Scavenging may have forgotten some of them since. */
static enum err
end_count(struct txn *tx, struct check *c)
{
	struct id_count *n = &c->count;
	struct stream_record s = {0};
	enum err e;

	if (n->stream_id == 0)
		return ERR_OK;
	e = verify_find_stream(tx, n->stream_id, &s);
	if (e != ERR_OK && e != ERR_NO_STREAM)
		return e;
	n->least = (uint64_t)n->last + 1 - s.forgotten + n->is_deleted;
	if (n->n < n->least || n->n > n->most)
		verify_fault(c->v,
		    "Stream %" PRIu64 " has %" PRIu64
		    " event ids, but there must be %" PRIu64 ".",
		    n->stream_id, n->n, n->least);
	return ERR_OK;
}

static enum err
count_ids(struct txn *tx, struct check *c, const struct id_row *rows, size_t n)
{
	size_t i;
	enum err e = ERR_OK;

	for (i = 0; i < n && e == ERR_OK; i++) {
		if (rows[i].stream_id != c->count.stream_id) {
			if ((e = end_count(tx, c)) == ERR_OK)
				e = begin_count(tx, c, rows[i].stream_id);
		}
		/* What came since does not count. */
		c->count.n += rows[i].number <= c->count.last ||
			      (c->count.is_deleted &&
				  rows[i].number == EVENT_NUMBER_TOMB);
	}
	return e == ERR_OK && n < ROWS_AT_ONCE ? end_count(tx, c) : e;
}

static enum err
check_ids(struct txn *tx, void *arg)
{
	struct check *c = arg;
	struct id_row *rows = xmalloc(ROWS_AT_ONCE * sizeof(*rows));
	struct id_row last = c->last_id;
	struct id_count count = c->count;
	size_t n = ROWS_AT_ONCE;
	enum err e = fix_snapshot(tx);

	if (e == ERR_OK)
		e = tbl_event_ids_read(tx, &last, rows, &n);
	if (e == ERR_OK)
		e = count_ids(tx, c, rows, n);
	if (e == ERR_OK)
		c->last_id = last;
	else
		c->count = count;
	c->looked_at = n;
	free(rows);
	return e;
}

static enum err
check_all_ids(struct check *c, const struct verify_where *w)
{
	uint64_t n = 0;
	enum err e;

	do {
		e = w->run(w->where, check_ids, c);
		n += c->looked_at;
		verify_add(c->v, c->looked_at);
	} while (e == ERR_OK && c->looked_at == ROWS_AT_ONCE);
	/* Of a stream of which none is there, none was looked at. */
	if (e == ERR_OK && c->v->is_alone && n != c->sum_ids)
		verify_fault(c->v,
		    "There are %" PRIu64
		    " event ids, but there must be %" PRIu64 ".",
		    n, c->sum_ids);
	return e;
}

/* The counters as they are in the end. */
static enum err
read_removed(struct txn *tx, void *arg)
{
	struct counters counters;
	enum err e = tbl_counters_get(tx, &counters);

	*(uint64_t *)arg = counters.removed;
	return e;
}

/* Scavenging may go on meanwhile: then the number is between two. */
static enum err
check_gaps(struct check *c, const struct verify_where *w)
{
	uint64_t removed;
	enum err e = w->run(w->where, read_removed, &removed);

	if (e != ERR_OK || removed == 0)
		return e;
	if (c->gaps < c->removed || c->gaps > removed)
		verify_fault(c->v,
		    "%" PRIu64 " positions have no event, but %" PRIu64
		    " events were removed.",
		    c->gaps, removed);
	return ERR_OK;
}

/* How many streams there are, and what they sum up to. */
static void
check_totals(const struct check *c)
{
	if (c->sum != c->end)
		verify_fault(c->v,
		    "The streams have %" PRIu64
		    " events, but there are %" PRIu64 " positions.",
		    c->sum, c->end);
	if (c->sum_removed != c->removed)
		verify_fault(c->v,
		    "The streams miss %" PRIu64 " events, but %" PRIu64
		    " were removed.",
		    c->sum_removed, c->removed);
	if (c->streams + 1 != c->next_id)
		verify_fault(c->v,
		    "There are %" PRIu64 " streams, but %" PRIu64
		    " were given an id.",
		    c->streams, c->next_id - 1);
}

/* Rows that nothing asked for above. */
static enum err
check_surplus(struct verify *v, const struct verify_where *w)
{
	enum err e;

	if ((e = verify_names(v, w)) != ERR_OK ||
	    (e = verify_counters(v, w)) != ERR_OK ||
	    (e = verify_end(v, w)) != ERR_OK ||
	    (e = verify_ids(v, w)) != ERR_OK)
		return e;
	return verify_events(v, w);
}

static enum err
run_checks(struct verify *v, const struct verify_where *w)
{
	struct check c = {.v = v};
	enum err e;

	v->events = v->streams = v->faults = 0;
	if ((e = w->run(w->where, check_sums, &c)) != ERR_OK)
		return e;
	v->streams = c.streams;
	v->all = WALKS * c.end;
	check_totals(&c);
	if ((e = check_all_rows(&c, w)) != ERR_OK)
		return e;
	if ((e = check_gaps(&c, w)) != ERR_OK)
		return e;
	if ((e = check_all_ids(&c, w)) != ERR_OK)
		return e;
	return check_surplus(v, w);
}

static enum err
run_in_store(void *where, txn_body_f *body, void *arg)
{
	return txn_run(where, TXN_READ, body, arg);
}

static enum err
run_in_env(void *where, txn_body_f *body, void *arg)
{
	return txn_run_once(where, TXN_READ, body, arg);
}

enum err
verify_store(struct store *st, struct verify *v)
{
	struct verify_where w = {run_in_store, st};

	return run_checks(v, &w);
}

enum err
verify_env(struct env *env, struct verify *v)
{
	struct verify_where w = {run_in_env, env};

	return run_checks(v, &w);
}

enum err
verify_files(const char *dir, struct verify *v)
{
	enum table t;
	enum err e = ERR_OK;

	for (t = 0; t < TABLES && e == ERR_OK; t++) {
		e = env_verify_file(dir, t);
		if (e == ERR_CORRUPT) {
			verify_fault(v, "The file of table %s is damaged.",
			    env_table_file(t));
			e = ERR_OK;
		}
	}
	return e;
}

static enum err
visit(const struct env_options *o, struct verify *v, bool is_walked)
{
	struct env *env;
	enum err e;

	if ((e = env_open(&env, o)) != ERR_OK)
		return e;
	v->is_recovered = true;
	if (is_walked)
		e = verify_env(env, v);
	if (e == ERR_OK)
		e = env_checkpoint(env, 0);
	if (env_panicked(env))
		env_abandon(&env);
	else
		env_close(&env);
	return e;
}

/*
 * Where a page is damaged the library might walk in circles, or wait for
 * itself, so the pages come first.
 */
enum err
verify_closed(const struct env_options *o, struct verify *v)
{
	struct env_options again = *o;
	enum err e;

	again.from_backup = false;
	v->is_alone = true;
	v->is_recovered = false;
	if ((e = visit(o, v, false)) != ERR_OK ||
	    (e = verify_files(o->dir, v)) != ERR_OK || v->faults > 0)
		return e;
	return visit(&again, v, true);
}
