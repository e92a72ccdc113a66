#include "config.h"

#include <stdlib.h>

#include "store/buf.h"
#include "store/event_key.h"
#include "store/tbl.h"
#include "store/tbl_events.h"

#define PAIR_BYTES  48      /* key, offsets and slack of a pair in bulk */
#define BULK_LEAST  8192    /* must not be below the page size */
#define BULK_MOST   1048576 /* unless one record alone has more */
#define FIRST_GUESS 4096

struct key {
	unsigned char raw[EVENT_KEY_MOST];
	DBT dbt;
};

/* It points into itself, so it stays where it is; a cursor may write to it. */
static void
make_key(struct key *k, uint64_t stream_id, int64_t number)
{
	k->dbt = tbl_dbt(k->raw, sizeof(k->raw));
	k->dbt.size = (uint32_t)event_key_put(k->raw, stream_id, number);
}

enum err
tbl_events_insert(struct txn *tx, uint64_t stream_id, int64_t number,
    const struct new_event *ne)
{
	DBT value = tbl_dbt(ne->record, ne->record_len);
	struct key key;

	make_key(&key, stream_id, number);
	return tbl_insert(tx, TABLE_EVENTS, &key.dbt, &value);
}

/* What a reader is shown, it may have to wait for: see txn.c. */
static enum err
decode(struct txn *tx, struct event *ev, struct slice record)
{
	enum err e = event_decode(ev, record);

	if (e == ERR_OK && ev->position >= tx->seen)
		tx->seen = ev->position + 1;
	return e;
}

enum err
tbl_events_get(struct txn *tx, struct page *pg, const struct events_range *one,
    struct event *ev)
{
	struct tbl_value v = {.n = FIRST_GUESS};
	struct key key;
	enum err e;

	make_key(&key, one->stream_id, one->from);
	do {
		v.size = v.n;
		if ((v.value = page_alloc(pg, v.size)) == NULL)
			return ERR_TOO_LARGE;
		e = tbl_get_any(tx, TABLE_EVENTS, &key.dbt, &v);
		page_trim(pg, e == ERR_OK ? v.size - v.n : v.size);
	} while (e == ERR_TOO_LARGE);
	if (e != ERR_OK)
		return e;
	ev->number = one->from;
	return decode(tx, ev, slice(v.value, v.n));
}

enum err
tbl_events_delete(struct txn *tx, uint64_t stream_id, int64_t number)
{
	struct key key;

	make_key(&key, stream_id, number);
	return tbl_delete(tx, TABLE_EVENTS, &key.dbt);
}

/* To the last byte: nothing comes between a stream's events. */
enum err
tbl_events_join(
    struct env *env, const struct events_range *range, uint32_t *pages)
{
	DB_COMPACT data = {.compact_fillpercent = 100};
	DB *db = env_table(env, TABLE_EVENTS);
	struct key first, last;
	int r;

	make_key(&first, range->stream_id, range->from);
	make_key(&last, range->stream_id, range->to);
	if ((r = env_fault(env)) == 0)
		r = db->compact(
		    db, NULL, &first.dbt, &last.dbt, &data, 0, NULL);
	*pages = data.compact_pages_free;
	return env_err(r);
}

enum err
tbl_events_position(
    struct txn *tx, uint64_t stream_id, int64_t number, uint64_t *position)
{
	unsigned char raw[EVENT_POSITION_SIZE];
	struct tbl_value v = {.value = raw, .size = sizeof(raw)};
	struct key key;
	enum err e;

	make_key(&key, stream_id, number);
	if ((e = tbl_get_head(tx, TABLE_EVENTS, &key.dbt, &v)) != ERR_OK)
		return e;
	if (v.n != sizeof(raw))
		return ERR_CORRUPT;
	*position = event_position(raw);
	return ERR_OK;
}

static size_t
bulk_size(const struct events_range *range, int64_t from)
{
	uint64_t events = (uint64_t)(range->to - from) + 1, bytes;

	if (events > PAGE_MAX_EVENTS)
		events = PAGE_MAX_EVENTS;
	bytes = events * (range->mean_bytes + PAIR_BYTES);
	if (bytes < BULK_LEAST)
		return BULK_LEAST;
	return bytes > BULK_MOST ? BULK_MOST : bytes;
}

struct reader {
	struct page *page;
	const struct events_range *range;
	struct tbl_cursor cursor; /* its value is the bulk buffer */
	uint32_t flags;
	int64_t next; /* the number to go on from */
};

/*
 * Fill r->bulk, enlarging it when the next record alone is longer; what
 * comes back is for DB_MULTIPLE_KEY_NEXT.
 */
static enum err
bulk_get(struct reader *r)
{
	size_t size = bulk_size(r->range, r->next);
	enum err e;

	do {
		/* The library wants a multiple of 1024. */
		size = (size + 1023) & ~(size_t)1023;
		r->cursor.value = tbl_dbt(page_alloc(r->page, size), size);
		if (r->cursor.value.data == NULL)
			return ERR_TOO_LARGE;
		e = tbl_cursor_get(&r->cursor, r->flags | DB_MULTIPLE_KEY);
		if (e != ERR_TOO_LARGE)
			return e;
		if (r->cursor.key.size > r->cursor.key.ulen)
			return ERR_CORRUPT;
		page_trim(r->page, size);
		size = (size_t)r->cursor.value.size + BULK_LEAST;
	} while (size <= PAGE_MAX_BYTES);
	return ERR_TOO_LARGE;
}

/* ERR_NO_EVENT: the range's end was passed. */
static enum err
add_entry(struct reader *r, struct slice key, struct slice record)
{
	struct entry *entry;
	uint64_t stream_id;
	int64_t number;
	enum err e;

	if ((e = event_key_read(key, &stream_id, &number)) != ERR_OK)
		return e;
	if (stream_id != r->range->stream_id || number > r->range->to)
		return ERR_NO_EVENT;
	if ((e = page_add(r->page, &entry)) != ERR_OK)
		return e;
	entry->event.number = number;
	r->next = number + 1;
	return decode(r->cursor.tx, &entry->event, record);
}

static enum err
add_bulk(struct reader *r)
{
	void *pos, *key, *value;
	uint32_t key_len, value_len;
	enum err e;

	DB_MULTIPLE_INIT(pos, &r->cursor.value);
	for (;;) {
		DB_MULTIPLE_KEY_NEXT(
		    pos, &r->cursor.value, key, key_len, value, value_len);
		if (pos == NULL)
			return ERR_OK;
		e = add_entry(r, slice(key, key_len), slice(value, value_len));
		if (e != ERR_OK)
			return e;
		if (r->next > r->range->to)
			return ERR_NO_EVENT;
	}
}

enum err
tbl_events_read(
    struct txn *tx, struct page *pg, const struct events_range *range)
{
	struct reader r = {.page = pg,
	    .range = range,
	    .flags = DB_SET_RANGE,
	    .next = range->from};
	struct key key;
	enum err e;

	make_key(&key, range->stream_id, range->from);
	r.cursor.key = key.dbt;
	if ((e = tbl_cursor_open(&r.cursor, tx, TABLE_EVENTS)) != ERR_OK)
		return e;
	do {
		if ((e = bulk_get(&r)) == ERR_OK)
			e = add_bulk(&r);
		r.flags = DB_NEXT;
	} while (e == ERR_OK);
	tbl_cursor_close(&r.cursor);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/*
 * The buffer grows to what the record there needs.  A key that does not fit is
 * not one of ours.
 */
static enum err
get_growing(struct tbl_cursor *c, struct buf *record, uint32_t flags)
{
	enum err e;

	for (;;) {
		c->value = tbl_dbt(record->p, record->size);
		e = tbl_cursor_get(c, flags);
		if (e != ERR_TOO_LARGE)
			return e;
		if (c->key.size > c->key.ulen)
			return ERR_CORRUPT;
		if (!buf_reserve(record, c->value.size))
			return ERR_NO_MEMORY;
	}
}

static enum err
row_at(const struct tbl_cursor *c, struct events_row *row)
{
	row->record = slice(c->value.data, c->value.size);
	return event_key_read(
	    slice(c->key.data, c->key.size), &row->stream_id, &row->number);
}

enum err
tbl_events_each(struct txn *tx, const struct tbl_events_walk *w)
{
	struct buf record = {0};
	struct events_row row;
	struct tbl_cursor c;
	struct key key;
	enum err e;

	if (!buf_reserve(&record, FIRST_GUESS))
		return ERR_NO_MEMORY;
	make_key(&key, w->stream_id, w->number);
	c.key = key.dbt;
	if ((e = tbl_cursor_open(&c, tx, TABLE_EVENTS)) == ERR_OK)
		e = get_growing(&c, &record, DB_SET_RANGE);
	while (e == ERR_OK && (e = row_at(&c, &row)) == ERR_OK) {
		if (row.stream_id != w->stream_id || row.number != w->number)
			e = w->each(w->arg, &row);
		if (e == ERR_OK)
			e = get_growing(&c, &record, DB_NEXT);
	}
	tbl_cursor_close(&c);
	buf_fini(&record);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}
