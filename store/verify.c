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

#define ROWS_AT_ONCE 2000

/* How the steps below get their transactions. */
typedef enum err run_f(void *where, txn_body_f *body, void *arg);

struct check {
	struct verify *v;
	uint64_t end;     /* the next position */
	uint64_t next_id; /* the next stream's */
	uint64_t sum;     /* of the streams' events */
	uint64_t from;    /* the next row to look at */
	uint64_t streams;
};

static void fault(struct verify *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
fault(struct verify *v, const char *fmt, ...)
{
	char sentence[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	v->faults++;
	v->on_fault(v->arg, sentence);
}

static enum err
add_stream(void *arg, struct slice name, const struct stream_record *s)
{
	struct check *c = arg;
	char quoted[LOG_QUOTE_SIZE];

	if (s->id == 0 || s->id >= c->next_id)
		fault(c->v,
		    "Stream %s has the id %" PRIu64
		    ", which has not been given to one.",
		    log_quote(quoted, name), s->id);
	c->streams++;
	c->sum += (uint64_t)(s->last + 1) + (s->is_deleted ? 1 : 0);
	return ERR_OK;
}

static enum err
check_sums(struct txn *tx, void *arg)
{
	struct check *c = arg;
	struct counters counters;
	enum err e;

	c->sum = c->streams = 0;
	if ((e = tbl_counters_get(tx, &counters)) != ERR_OK)
		return e;
	c->end = counters.position;
	c->next_id = counters.stream_id;
	return tbl_streams_each(tx, add_stream, c);
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
	if (e == ERR_NO_EVENT || e == ERR_CORRUPT) {
		fault(c->v, "Position %" PRIu64 " names an event that is %s.",
		    row->position, e == ERR_CORRUPT ? "damaged" : "not there");
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (ev.position != row->position)
		fault(c->v,
		    "The event at position %" PRIu64 " says it is at %" PRIu64
		    ".",
		    row->position, ev.position);
	e = tbl_event_ids_get(tx, row->stream_id, &ev.id, &number);
	if (e == ERR_NO_EVENT || (e == ERR_OK && number != row->number))
		fault(c->v,
		    "The id of the event at position %" PRIu64
		    " does not lead to it.",
		    row->position);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

static enum err
check_stream(struct txn *tx, struct check *c, const struct all_row *row)
{
	char name[STREAM_MAX_META_NAME];
	struct stream_record s;
	size_t n;
	enum err e;

	e = tbl_streams_name(tx, row->stream_id, name, &n);
	if (e == ERR_OK)
		e = tbl_streams_get(tx, slice(name, n), &s);
	if (e == ERR_CORRUPT || e == ERR_NO_STREAM) {
		fault(c->v, "Position %" PRIu64 " names no stream.",
		    row->position);
		return ERR_OK;
	}
	if (e == ERR_OK && s.id != row->stream_id)
		fault(c->v,
		    "Position %" PRIu64 " is of stream %" PRIu64
		    ", whose name leads to stream %" PRIu64 ".",
		    row->position, row->stream_id, s.id);
	if (e == ERR_OK && row->number > s.last &&
	    !(s.is_deleted && row->number == EVENT_NUMBER_TOMB))
		fault(c->v,
		    "Position %" PRIu64 " has number %" PRId64
		    ", but its stream ends at %" PRId64 ".",
		    row->position, row->number, s.last);
	return e;
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

static enum err
check_rows(struct txn *tx, void *arg)
{
	struct check *c = arg;
	struct all_row *rows = xmalloc(ROWS_AT_ONCE * sizeof(*rows));
	struct page *pg = page_new();
	size_t i, n = ROWS_AT_ONCE;
	uint64_t expected = c->from;
	enum err e = tbl_all_read(tx, c->from, rows, &n);

	for (i = 0; i < n && e == ERR_OK; i++) {
		if (rows[i].position >= c->end)
			break;
		if (rows[i].position != expected)
			fault(c->v,
			    "Positions %" PRIu64 " to %" PRIu64
			    " have no event.",
			    expected, rows[i].position - 1);
		e = check_row(tx, c, &rows[i], pg);
		expected = rows[i].position + 1;
	}
	if (e == ERR_OK) {
		c->v->events += i;
		c->from = i == 0 ? c->end : expected;
		if (i == 0 && expected < c->end)
			fault(c->v,
			    "Nothing stands from position %" PRIu64 " on.",
			    expected);
	}
	page_free(&pg);
	free(rows);
	return e;
}

static enum err
run_checks(struct verify *v, run_f *run, void *where)
{
	struct check c = {.v = v};
	enum err e;

	v->events = v->streams = v->faults = 0;
	if ((e = run(where, check_sums, &c)) != ERR_OK)
		return e;
	v->streams = c.streams;
	if (c.sum != c.end)
		fault(v,
		    "The streams have %" PRIu64
		    " events, but there are %" PRIu64 " positions.",
		    c.sum, c.end);
	while (c.from < c.end && e == ERR_OK)
		e = run(where, check_rows, &c);
	return e;
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
	return run_checks(v, run_in_store, st);
}

enum err
verify_env(struct env *env, struct verify *v)
{
	return run_checks(v, run_in_env, env);
}

enum err
verify_files(const char *dir, struct verify *v)
{
	enum table t;
	enum err e = ERR_OK;

	for (t = 0; t < TABLES && e == ERR_OK; t++) {
		e = env_verify_file(dir, t);
		if (e == ERR_CORRUPT) {
			fault(v, "The file of table %s is damaged.",
			    env_table_file(t));
			e = ERR_OK;
		}
	}
	return e;
}
