#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/verify_rows.h"

#define ROWS_AT_ONCE 2000

/*
 * A row may be newer than the snapshot that does not explain it; then a later
 * one does, or the row has gone again.  After so many looks it is a fault.
 */
#define LOOKS      5
#define LOOK_AGAIN 20 /* ms */

/* A row that is not explained yet. */
struct row {
	uint64_t stream_id;
	int64_t number;
	struct guid id; /* of an id's row */
};

struct rows {
	struct verify *v;
	const struct verify_where *w;
	struct row doubts[ROWS_AT_ONCE];
	size_t ndoubts;
	size_t looked_at;
	struct row last; /* looked at */

	/* The stream of the last row, and the bytes of its events so far. */
	uint64_t stream_id;
	struct stream_record stream;
	enum err found; /* ERR_NO_STREAM: there is none */
	uint64_t bytes;
	bool is_partial; /* not all of them */

	struct txn *tx;
	bool is_explained; /* the row that is looked at again */
};

enum err
verify_find_stream(struct txn *tx, uint64_t id, struct stream_record *s)
{
	char name[STREAM_MAX_META_NAME];
	size_t n;
	enum err e = tbl_streams_name(tx, id, name, &n);

	if (e == ERR_OK)
		e = tbl_streams_get(tx, slice(name, n), s);
	return e == ERR_CORRUPT ? ERR_NO_STREAM : e;
}

static bool
has_number(const struct stream_record *s, int64_t number, int64_t first)
{
	if (number == EVENT_NUMBER_TOMB)
		return s->is_deleted;
	return number >= first && number <= s->last;
}

/* Other than that no stream was found: what makes the transaction fail. */
static enum err
go_to_stream(struct rows *r, uint64_t stream_id)
{
	r->is_partial = r->last.stream_id == stream_id;
	r->stream_id = stream_id;
	r->bytes = 0;
	r->found = verify_find_stream(r->tx, stream_id, &r->stream);
	return r->found == ERR_NO_STREAM ? ERR_OK : r->found;
}

/* Nobody writes: what was summed up is what the record must say. */
static void
check_bytes(struct rows *r)
{
	if (r->v->is_alone && !r->is_partial && r->stream_id != 0 &&
	    r->found == ERR_OK && r->bytes != r->stream.bytes)
		verify_fault(r->v,
		    "The events of stream %" PRIu64 " have %" PRIu64
		    " bytes, but its record says %" PRIu64 ".",
		    r->stream_id, r->bytes, r->stream.bytes);
}

/* A tbl_events_each_f.  ERR_TOO_LARGE ends the look. */
static enum err
look_at_event(void *arg, const struct events_row *row)
{
	struct rows *r = arg;
	struct event ev;
	enum err e = ERR_OK;

	if (row->stream_id != r->stream_id) {
		check_bytes(r);
		e = go_to_stream(r, row->stream_id);
	}
	if (e != ERR_OK)
		return e;
	r->bytes += row->record.n;
	r->last = (struct row){row->stream_id, row->number, {{0}}};
	if (r->found == ERR_NO_STREAM ||
	    !has_number(&r->stream, row->number, r->stream.first))
		r->doubts[r->ndoubts++] = r->last;
	else if (event_decode(&ev, row->record) != ERR_OK)
		verify_fault(r->v,
		    "Event %" PRId64 " of stream %" PRIu64 " is damaged.",
		    row->number, row->stream_id);
	return ++r->looked_at < ROWS_AT_ONCE ? ERR_OK : ERR_TOO_LARGE;
}

/* The records must be as old as the snapshot, before rows are looked at. */
static enum err
begin(struct rows *r, struct txn *tx)
{
	struct counters counters;

	r->tx = tx;
	r->ndoubts = r->looked_at = 0;
	return tbl_counters_get(tx, &counters);
}

/* Run again, it begins in the midst of a stream, and its bytes do not count. */
static enum err
look_at_events(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	struct row last = r->last;
	struct tbl_events_walk walk = {.stream_id = last.stream_id,
	    .number = last.number,
	    .each = look_at_event,
	    .arg = r};
	enum err e = begin(r, tx);

	if (e == ERR_OK && !r->v->is_alone)
		r->stream_id = 0; /* an older snapshot's */
	if (e == ERR_OK)
		e = tbl_events_each(tx, &walk);
	if (e == ERR_OK || e == ERR_TOO_LARGE)
		return ERR_OK;
	r->last = last;
	r->stream_id = 0;
	return e;
}

static enum err
look_at_event_again(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	const struct row *row = &r->last;
	struct stream_record s = {.first = 0};
	uint64_t position;
	enum err e;

	e = tbl_events_position(tx, row->stream_id, row->number, &position);
	if (e == ERR_OK)
		e = verify_find_stream(tx, row->stream_id, &s);
	r->is_explained = e == ERR_NO_EVENT ||
			  (e == ERR_OK && has_number(&s, row->number, s.first));
	return e == ERR_NO_EVENT || e == ERR_NO_STREAM || e == ERR_CORRUPT
		   ? ERR_OK
		   : e;
}

static enum err
look_at_id_again(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	const struct row *row = &r->last;
	struct stream_record s;
	int64_t number;
	enum err e = tbl_event_ids_get(tx, row->stream_id, &row->id, &number);

	if (e == ERR_OK)
		e = verify_find_stream(tx, row->stream_id, &s);
	r->is_explained =
	    e == ERR_NO_EVENT || (e == ERR_OK && has_number(&s, number, 0));
	return e == ERR_NO_EVENT || e == ERR_NO_STREAM ? ERR_OK : e;
}

/* Whether r->last is explained by now. */
static enum err
await_explanation(struct rows *r, txn_body_f *again)
{
	int looks = r->v->is_alone ? 1 : LOOKS;
	enum err e;

	for (;;) {
		e = r->w->run(r->w->where, again, r);
		if (e != ERR_OK || r->is_explained || --looks == 0)
			return e;
		clock_sleep_ms(LOOK_AGAIN);
	}
}

/* Those that the last look left. */
static enum err
settle(struct rows *r, txn_body_f *again, const char *what)
{
	struct row last = r->last;
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; i < r->ndoubts && e == ERR_OK; i++) {
		r->last = r->doubts[i];
		e = await_explanation(r, again);
		if (e == ERR_OK && !r->is_explained)
			verify_fault(r->v,
			    "There is %s of number %" PRId64
			    " in stream %" PRIu64 ", which has none.",
			    what, r->last.number, r->last.stream_id);
	}
	r->last = last;
	return e;
}

static struct rows *
rows_new(struct verify *v, const struct verify_where *w)
{
	struct rows *r = xcalloc(1, sizeof(*r));

	r->v = v;
	r->w = w;
	return r;
}

enum err
verify_events(struct verify *v, const struct verify_where *w)
{
	struct rows *r = rows_new(v, w);
	enum err e;

	do {
		e = w->run(w->where, look_at_events, r);
		if (e == ERR_OK)
			e = settle(r, look_at_event_again, "an event");
		verify_add(v, r->looked_at);
	} while (e == ERR_OK && r->looked_at == ROWS_AT_ONCE);
	if (e == ERR_OK)
		check_bytes(r);
	free(r);
	return e;
}

static enum err
look_at_id(struct rows *r, const struct id_row *row)
{
	enum err e = ERR_OK;

	if (row->stream_id != r->stream_id)
		e = go_to_stream(r, row->stream_id);
	if (e == ERR_OK && (r->found == ERR_NO_STREAM ||
			       !has_number(&r->stream, row->number, 0)))
		r->doubts[r->ndoubts++] =
		    (struct row){row->stream_id, row->number, row->id};
	return e;
}

static enum err
look_at_ids(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	struct id_row *rows = xmalloc(ROWS_AT_ONCE * sizeof(*rows));
	struct id_row last = {r->last.stream_id, r->last.id, 0};
	size_t i, n = ROWS_AT_ONCE;
	enum err e = begin(r, tx);

	r->stream_id = 0;
	if (e == ERR_OK)
		e = tbl_event_ids_read(tx, &last, rows, &n);
	for (i = 0; e == ERR_OK && i < n; i++)
		e = look_at_id(r, &rows[i]);
	if (e == ERR_OK) {
		r->last = (struct row){last.stream_id, 0, last.id};
		r->looked_at = n;
	}
	free(rows);
	return e;
}

enum err
verify_ids(struct verify *v, const struct verify_where *w)
{
	struct rows *r = rows_new(v, w);
	enum err e;

	do {
		e = w->run(w->where, look_at_ids, r);
		if (e == ERR_OK)
			e = settle(r, look_at_id_again, "an event id");
		verify_add(v, r->looked_at);
	} while (e == ERR_OK && r->looked_at == ROWS_AT_ONCE);
	free(r);
	return e;
}

/* A tbl_streams_each_name_f. */
static enum err
look_at_name(void *arg, uint64_t id, struct slice name)
{
	struct rows *r = arg;
	char quoted[LOG_QUOTE_SIZE];
	struct stream_record s;
	enum err e = tbl_streams_get(r->tx, name, &s);

	if (e != ERR_OK && e != ERR_NO_STREAM && e != ERR_CORRUPT)
		return e;
	if (e != ERR_OK || s.id != id)
		verify_fault(r->v,
		    "The id %" PRIu64 " leads to the name %s, which is not "
		    "that of a stream with this id.",
		    id, log_quote(quoted, name));
	r->last.stream_id = id;
	return ++r->looked_at < ROWS_AT_ONCE ? ERR_OK : ERR_TOO_LARGE;
}

static enum err
look_at_names(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	uint64_t last = r->last.stream_id, faults = r->v->faults;
	struct tbl_streams_name_walk walk = {
	    .after = last, .each = look_at_name, .arg = r};
	enum err e = begin(r, tx);

	if (e == ERR_OK)
		e = tbl_streams_each_name(tx, &walk);
	if (e == ERR_OK || e == ERR_TOO_LARGE)
		return ERR_OK;
	r->last.stream_id = last;
	r->v->faults = faults;
	return e;
}

enum err
verify_names(struct verify *v, const struct verify_where *w)
{
	struct rows *r = rows_new(v, w);
	enum err e;

	do
		e = w->run(w->where, look_at_names, r);
	while (e == ERR_OK && r->looked_at == ROWS_AT_ONCE);
	free(r);
	return e;
}

/* What stands at the last position, and whether it is below the next one. */
static enum err
look_at_end(struct txn *tx, void *arg)
{
	struct rows *r = arg;
	struct counters next;
	struct all_row last;
	size_t n = 1;
	enum err e;

	if ((e = tbl_counters_get(tx, &next)) != ERR_OK)
		return e;
	if ((e = tbl_all_read_back(tx, UINT64_MAX, &last, &n)) != ERR_OK)
		return e;
	r->is_explained = n == 0 || last.position < next.position;
	if (!r->is_explained)
		verify_fault(r->v,
		    "Position %" PRIu64 " is behind the last one.",
		    last.position);
	return ERR_OK;
}

/* While others write, what they write stands there before it is counted. */
enum err
verify_end(struct verify *v, const struct verify_where *w)
{
	struct rows *r;
	enum err e;

	if (!v->is_alone)
		return ERR_OK;
	r = rows_new(v, w);
	e = w->run(w->where, look_at_end, r);
	free(r);
	return e;
}

static enum err
count_counters(struct txn *tx, void *arg)
{
	return tbl_counters_count(tx, arg);
}

enum err
verify_counters(struct verify *v, const struct verify_where *w)
{
	uint64_t n;
	enum err e = w->run(w->where, count_counters, &n);

	if (e == ERR_OK && n > 1)
		verify_fault(v,
		    "There are %" PRIu64 " rows of counters, but one is "
		    "enough.",
		    n);
	return e;
}
