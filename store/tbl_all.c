#include "config.h"

#include "store/event_key.h"
#include "store/tbl.h"
#include "store/tbl_all.h"

#define BULK_SIZE ENV_PAGE_BYTES /* the least there may be */

struct key {
	unsigned char raw[VARINT_MOST];
	DBT dbt;
};

/* It points into itself, so it stays where it is; a cursor may write to it. */
static void
make_key(struct key *k, uint64_t position)
{
	k->dbt = tbl_dbt(k->raw, sizeof(k->raw));
	k->dbt.size = (uint32_t)(varint_put(k->raw, position) - k->raw);
}

enum err
tbl_all_insert(struct txn *tx, const struct all_row *row)
{
	unsigned char raw[EVENT_KEY_MOST];
	DBT value =
	    tbl_dbt(raw, event_key_put(raw, row->stream_id, row->number));
	struct key key;

	make_key(&key, row->position);
	return tbl_insert(tx, TABLE_ALL, &key.dbt, &value);
}

enum err
tbl_all_delete(struct txn *tx, uint64_t position)
{
	struct key key;

	make_key(&key, position);
	return tbl_delete(tx, TABLE_ALL, &key.dbt);
}

struct walk {
	struct txn *tx;
	struct tbl_cursor cursor;
	struct key key;
	unsigned char raw[EVENT_KEY_MOST];
	struct all_row *rows;
	size_t want, taken;
};

static enum err
walk_begin(struct walk *w, uint64_t position)
{
	make_key(&w->key, position);
	w->cursor.key = w->key.dbt;
	w->cursor.value = tbl_dbt(w->raw, sizeof(w->raw));
	return tbl_cursor_open(&w->cursor, w->tx, TABLE_ALL);
}

/* A row that does not fit is none of ours. */
static enum err
walk_get(struct walk *w, uint32_t flags)
{
	enum err e = tbl_cursor_get(&w->cursor, flags);

	return e == ERR_TOO_LARGE ? ERR_CORRUPT : e;
}

static enum err
take_row(struct walk *w, struct slice key, struct slice value)
{
	struct all_row *row = &w->rows[w->taken++];

	if (!varint_take(&key, &row->position) || key.n > 0)
		return ERR_CORRUPT;
	return event_key_read(value, &row->stream_id, &row->number);
}

/* Take rows from where the cursor stands, as many as wanted or there are. */
static enum err
walk_back(struct walk *w)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && w->taken < w->want) {
		e = take_row(w, slice(w->key.raw, w->cursor.key.size),
		    slice(w->raw, w->cursor.value.size));
		if (e == ERR_OK)
			e = walk_get(w, DB_PREV);
	}
	return e;
}

static enum err
walk_end(struct walk *w, enum err e, size_t *n)
{
	tbl_cursor_close(&w->cursor);
	*n = w->taken;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/* Take as many rows of those that were read together as are wanted. */
static enum err
take_bulk(struct walk *w)
{
	void *pos, *key, *value;
	uint32_t key_len, value_len;
	enum err e = ERR_OK;

	DB_MULTIPLE_INIT(pos, &w->cursor.value);
	while (e == ERR_OK && w->taken < w->want) {
		DB_MULTIPLE_KEY_NEXT(
		    pos, &w->cursor.value, key, key_len, value, value_len);
		if (pos == NULL)
			break;
		e = take_row(w, slice(key, key_len), slice(value, value_len));
	}
	return e;
}

enum err
tbl_all_read(struct txn *tx, uint64_t from, struct all_row *rows, size_t *n)
{
	struct walk w = {.tx = tx, .rows = rows, .want = *n};
	uint32_t flags = DB_SET_RANGE, bulk[BULK_SIZE / sizeof(uint32_t)];
	enum err e = walk_begin(&w, from);

	while (e == ERR_OK && w.taken < w.want) {
		w.cursor.value = tbl_dbt(bulk, sizeof(bulk));
		if ((e = walk_get(&w, flags | DB_MULTIPLE_KEY)) == ERR_OK)
			e = take_bulk(&w);
		flags = DB_NEXT;
	}
	return walk_end(&w, e, n);
}

/* Stand on the last position below the key. */
static enum err
walk_seek_below(struct walk *w)
{
	enum err e = walk_get(w, DB_SET_RANGE);

	if (e == ERR_OK)
		return walk_get(w, DB_PREV);
	return e == ERR_NO_EVENT ? walk_get(w, DB_LAST) : e;
}

enum err
tbl_all_read_back(struct txn *tx, uint64_t end, struct all_row *rows, size_t *n)
{
	struct walk w = {.tx = tx, .rows = rows, .want = *n};
	enum err e;

	if ((e = walk_begin(&w, end)) == ERR_OK &&
	    (e = walk_seek_below(&w)) == ERR_OK)
		e = walk_back(&w);
	return walk_end(&w, e, n);
}
