#include "config.h"

#include "store/be.h"
#include "store/tbl.h"
#include "store/tbl_all.h"

#define KEY_SIZE   8
#define VALUE_SIZE 16

enum err
tbl_all_insert(struct txn *tx, const struct all_row *row)
{
	unsigned char raw_key[KEY_SIZE], raw[VALUE_SIZE];
	DBT key = tbl_dbt(raw_key, sizeof(raw_key)),
	    value = tbl_dbt(raw, sizeof(raw));

	be_put64(raw_key, row->position);
	be_put64(raw, row->stream_id);
	be_put64(raw + 8, (uint64_t)row->number);
	return tbl_insert(tx, TABLE_ALL, &key, &value);
}

enum err
tbl_all_delete(struct txn *tx, uint64_t position)
{
	unsigned char raw[KEY_SIZE];
	DBT key = tbl_dbt(raw, sizeof(raw));

	be_put64(raw, position);
	return tbl_delete(tx, TABLE_ALL, &key);
}

struct walk {
	struct txn *tx;
	struct tbl_cursor cursor;
	unsigned char raw_key[KEY_SIZE];
	unsigned char raw[VALUE_SIZE];
	uint32_t step; /* from one row to the next */
	struct all_row *rows;
	size_t want, taken;
};

static enum err
walk_begin(struct walk *w, uint64_t position)
{
	be_put64(w->raw_key, position);
	w->cursor.key = tbl_dbt(w->raw_key, sizeof(w->raw_key));
	w->cursor.value = tbl_dbt(w->raw, sizeof(w->raw));
	return tbl_cursor_open(&w->cursor, w->tx, TABLE_ALL);
}

static enum err
walk_get(struct walk *w, uint32_t flags)
{
	return tbl_cursor_get(&w->cursor, flags);
}

/* Take rows from where the cursor stands, as many as wanted or there are. */
static enum err
walk_on(struct walk *w)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && w->taken < w->want) {
		if (w->cursor.key.size != KEY_SIZE ||
		    w->cursor.value.size != VALUE_SIZE)
			return ERR_CORRUPT;
		w->rows[w->taken++] = (struct all_row){be_get64(w->raw_key),
		    be_get64(w->raw), (int64_t)be_get64(w->raw + 8)};
		e = walk_get(w, w->step);
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

enum err
tbl_all_read(struct txn *tx, uint64_t from, struct all_row *rows, size_t *n)
{
	struct walk w = {.tx = tx, .step = DB_NEXT, .rows = rows, .want = *n};
	enum err e;

	if ((e = walk_begin(&w, from)) == ERR_OK &&
	    (e = walk_get(&w, DB_SET_RANGE)) == ERR_OK)
		e = walk_on(&w);
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
	struct walk w = {.tx = tx, .step = DB_PREV, .rows = rows, .want = *n};
	enum err e;

	if ((e = walk_begin(&w, end)) == ERR_OK &&
	    (e = walk_seek_below(&w)) == ERR_OK)
		e = walk_on(&w);
	return walk_end(&w, e, n);
}
