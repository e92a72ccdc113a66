#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/event_line.h"
#include "store/import.h"
#include "store/import_batch.h"
#include "store/log.h"
#include "store/name.h"
#include "store/settings.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "store/txn.h"

/* Positions are 48 bits wide in role.c, and a gap takes as many of them. */
#define MOST_POSITIONS (UINT64_C(1) << 47)

struct item {
	uint64_t line;
	char *stream;
	size_t stream_len;
	bool is_next;
	int64_t number;
	int64_t created;
	struct new_event ne; /* no record: is_next */
};

/* A stream's record while its events are written. */
struct place {
	struct slice name; /* empty: none is in hand */
	struct stream_record record;
	bool is_new;
};

struct import_batch {
	struct item *items;
	size_t n, size;
	size_t bytes;

	/* One run of the transaction. */
	struct txn *tx;
	struct counters next;
	struct place place;
	uint64_t written, skipped;
	const struct item *bad; /* NULL: all fit */
	char fault[IMPORT_WHY_SIZE];
};

struct import_batch *
import_batch_new(void)
{
	return xcalloc(1, sizeof(struct import_batch));
}

void
import_batch_free(struct import_batch **bp)
{
	struct import_batch *b = *bp;
	size_t i;

	if (b == NULL)
		return;
	for (i = 0; i < b->n; i++) {
		free(b->items[i].stream);
		new_event_fini(&b->items[i].ne);
	}
	free(b->items);
	free(b);
	*bp = NULL;
}

enum err
import_batch_add(
    struct import_batch *b, const struct event_line *l, uint64_t line)
{
	struct item *it;
	enum err e = ERR_OK;

	if (b->n == b->size) {
		b->size = b->size == 0 ? 64 : 2 * b->size;
		b->items = xrealloc(b->items, b->size * sizeof(*b->items));
	}
	it = &b->items[b->n];
	*it = (struct item){.line = line,
	    .is_next = l->is_next,
	    .number = l->event.number,
	    .created = l->event.created};
	if (!l->is_next)
		e = new_event_init(&it->ne, &l->event);
	if (e != ERR_OK)
		return e;
	it->stream = xstrndup(l->stream.p, l->stream.n);
	it->stream_len = l->stream.n;
	b->bytes += it->stream_len + it->ne.record_len;
	b->n++;
	return ERR_OK;
}

size_t
import_batch_count(const struct import_batch *b)
{
	return b->n;
}

size_t
import_batch_bytes(const struct import_batch *b)
{
	return b->bytes;
}

static struct slice
stream_of(const struct item *it)
{
	return slice(it->stream, it->stream_len);
}

static enum err refuse(struct import_batch *, const struct item *,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The item does not fit; fmt goes on after the stream's name. */
static enum err
refuse(struct import_batch *b, const struct item *it, const char *fmt, ...)
{
	char quoted[LOG_QUOTE_SIZE];
	va_list ap;
	int n;

	n = snprintf(b->fault, sizeof(b->fault), "Line %" PRIu64 ": stream %s ",
	    it->line, log_quote(quoted, stream_of(it)));
	va_start(ap, fmt);
	vsnprintf(b->fault + n, sizeof(b->fault) - (size_t)n, fmt, ap);
	va_end(ap);
	b->bad = it;
	return ERR_OK;
}

static enum err
load(struct import_batch *b, struct slice name)
{
	struct place *p = &b->place;
	enum err e = tbl_streams_get_for_update(b->tx, name, &p->record);

	p->name = name;
	p->is_new = e == ERR_NO_STREAM;
	if (!p->is_new)
		return e;
	tbl_streams_init(&p->record);
	return ERR_OK;
}

/* Nothing is written of a stream that got nothing. */
static enum err
save(struct import_batch *b)
{
	struct place *p = &b->place;
	struct slice name = p->name;
	enum err e;

	p->name = slice(NULL, 0);
	if (name.n == 0 || p->record.id == 0)
		return ERR_OK;
	if (p->is_new) {
		e = tbl_streams_put_name(b->tx, p->record.id, name);
		if (e != ERR_OK)
			return e;
	}
	return tbl_streams_put(b->tx, name, &p->record);
}

static enum err
go_to(struct import_batch *b, struct slice name)
{
	enum err e;

	if (slice_eq(b->place.name, name))
		return ERR_OK;
	if ((e = save(b)) != ERR_OK)
		return e;
	return load(b, name);
}

static void
give_id(struct import_batch *b)
{
	if (b->place.record.id == 0)
		b->place.record.id = b->next.stream_id++;
}

/* The stream begins with this number, as if those before were removed. */
static enum err
begin_at(struct import_batch *b, const struct item *it)
{
	struct stream_record *r = &b->place.record;
	uint64_t gap = (uint64_t)it->number;

	if (gap > MOST_POSITIONS || b->next.position > MOST_POSITIONS - gap)
		return refuse(b, it, "begins with a number that is too large.");
	give_id(b);
	r->first = it->number;
	r->last = it->number - 1;
	r->forgotten += gap;
	b->next.position += gap;
	b->next.removed += gap;
	return ERR_OK;
}

static enum err
put(struct import_batch *b, const struct item *it)
{
	struct stream_record *r = &b->place.record;
	struct new_event ne = it->ne;
	struct all_row row = {
	    .position = b->next.position, .number = it->number};
	enum err e;

	give_id(b);
	row.stream_id = r->id;
	new_event_place(&ne, row.position, it->created);
	if ((e = tbl_events_insert(b->tx, r->id, it->number, &ne)) != ERR_OK)
		return e;
	if ((e = tbl_all_insert(b->tx, &row)) != ERR_OK)
		return e;
	b->next.position++;
	b->written++;
	r->bytes += ne.record_len;
	if (it->number == EVENT_NUMBER_TOMB)
		r->is_deleted = true;
	else
		r->last = it->number;
	return tbl_event_ids_insert(b->tx, r->id, &ne.id, it->number);
}

/* What the newest event of a metastream says holds for its stream. */
static enum err
adopt_settings(struct import_batch *b, const struct item *it)
{
	struct slice name = stream_of(it);
	struct settings settings;
	struct event ev;
	enum err e;

	if (!name_is_meta(name) || name_is_meta(name_base(name)) ||
	    it->number == EVENT_NUMBER_TOMB)
		return ERR_OK;
	e = event_decode(&ev, slice(it->ne.record, it->ne.record_len));
	if (e == ERR_OK)
		e = go_to(b, name_base(name));
	if (e != ERR_OK)
		return e;
	if ((e = settings_read(&settings, &ev)) != ERR_OK)
		return e;
	give_id(b);
	b->place.record.settings = settings;
	return ERR_OK;
}

/* Whether a metadata event can be one, before anything is written. */
static bool
has_good_settings(const struct item *it)
{
	struct settings settings;
	struct event ev;

	return !name_is_meta(stream_of(it)) ||
	       (event_decode(&ev, slice(it->ne.record, it->ne.record_len)) ==
		       ERR_OK &&
		   settings_read(&settings, &ev) == ERR_OK);
}

static enum err
skip(struct import_batch *b)
{
	b->skipped++;
	return ERR_OK;
}

/* The stream has, or had, an event with this number. */
static enum err
compare(struct import_batch *b, const struct item *it, int64_t known)
{
	const struct stream_record *r = &b->place.record;

	if (known == it->number)
		return skip(b);
	/* It was removed here, and its id is no longer known. */
	if (known == EVENT_NUMBER_NONE && it->number < r->first &&
	    r->forgotten > 0)
		return skip(b);
	if (it->number == EVENT_NUMBER_TOMB)
		return refuse(b, it, "was deleted here by another event.");
	return refuse(
	    b, it, "has another event with number %" PRId64 ".", it->number);
}

static enum err
place_event(struct import_batch *b, const struct item *it, int64_t known)
{
	const struct stream_record *r = &b->place.record;
	enum err e = ERR_OK;

	if (r->is_deleted)
		return refuse(b, it, "is deleted for good here.");
	if (known != EVENT_NUMBER_NONE)
		return refuse(b, it,
		    "has the event's id already, with number %" PRId64 ".",
		    known);
	if (!has_good_settings(it))
		return refuse(b, it, "gets an $acl that is too long.");
	if (it->number != EVENT_NUMBER_TOMB && it->number > r->last + 1) {
		if (r->last != EVENT_NUMBER_NONE)
			return refuse(b, it,
			    "ends at number %" PRId64 ", so %" PRId64
			    " does not follow: lines are missing.",
			    r->last, it->number);
		e = begin_at(b, it);
	}
	if (e == ERR_OK && b->bad == NULL)
		e = put(b, it);
	return e == ERR_OK && b->bad == NULL ? adopt_settings(b, it) : e;
}

static enum err
place_next(struct import_batch *b, const struct item *it)
{
	const struct stream_record *r = &b->place.record;

	if (r->last >= it->number - 1 || r->is_deleted)
		return skip(b);
	if (r->last != EVENT_NUMBER_NONE)
		return refuse(b, it,
		    "ends at number %" PRId64 ", and cannot go on with %" PRId64
		    ".",
		    r->last, it->number);
	return begin_at(b, it);
}

/* The number that the stream knows the event's id by, or none. */
static enum err
find_id(struct import_batch *b, const struct item *it, int64_t *known)
{
	enum err e = ERR_NO_EVENT;

	*known = EVENT_NUMBER_NONE;
	if (b->place.record.id != 0)
		e = tbl_event_ids_get(
		    b->tx, b->place.record.id, &it->ne.id, known);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

static enum err
apply(struct import_batch *b, const struct item *it)
{
	const struct stream_record *r = &b->place.record;
	bool is_tomb = it->number == EVENT_NUMBER_TOMB;
	int64_t known;
	enum err e;

	if ((e = go_to(b, stream_of(it))) != ERR_OK)
		return e;
	if (it->is_next)
		return place_next(b, it);
	if ((e = find_id(b, it, &known)) != ERR_OK)
		return e;
	if (is_tomb ? r->is_deleted : it->number <= r->last)
		return compare(b, it, known);
	return place_event(b, it, known);
}

static enum err
write_items(struct txn *tx, void *arg)
{
	struct import_batch *b = arg;
	size_t i;
	enum err e;

	b->tx = tx;
	b->place.name = slice(NULL, 0);
	b->written = b->skipped = 0;
	b->bad = NULL;
	if ((e = tbl_counters_get_for_update(tx, &b->next)) != ERR_OK)
		return e;
	for (i = 0; i < b->n && e == ERR_OK && b->bad == NULL; i++)
		e = apply(b, &b->items[i]);
	if (e == ERR_OK)
		e = save(b);
	return e == ERR_OK ? tbl_counters_put(tx, &b->next) : e;
}

enum err
import_batch_write(struct import_batch *b, struct store *st)
{
	return txn_run(st, TXN_WRITE, write_items, b);
}

uint64_t
import_batch_written(const struct import_batch *b)
{
	return b->written;
}

uint64_t
import_batch_skipped(const struct import_batch *b)
{
	return b->skipped;
}

uint64_t
import_batch_end(const struct import_batch *b)
{
	return b->next.position;
}

const char *
import_batch_fault(const struct import_batch *b)
{
	return b->bad == NULL ? NULL : b->fault;
}
