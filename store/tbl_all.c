#include "config.h"

#include "store/be.h"
#include "store/tbl.h"
#include "store/tbl_all.h"

#define KEY_SIZE   8
#define VALUE_SIZE 16
#define BULK_SIZE  ENV_PAGE_BYTES /* the least there may be */

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

static void
take_row(struct walk *w, const unsigned char *key, const unsigned char *value)
{
	w->rows[w->taken++] = (struct all_row){
	    be_get64(key), be_get64(value), (int64_t)be_get64(value + 8)};
}

/* Take rows from where the cursor stands, as many as wanted or there are. */
static enum err
walk_back(struct walk *w)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && w->taken < w->want) {
		if (w->cursor.key.size != KEY_SIZE ||
		    w->cursor.value.size != VALUE_SIZE)
			return ERR_CORRUPT;
		take_row(w, w->raw_key, w->raw);
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

	DB_MULTIPLE_INIT(pos, &w->cursor.value);
	while (w->taken < w->want) {
		DB_MULTIPLE_KEY_NEXT(
		    pos, &w->cursor.value, key, key_len, value, value_len);
		if (pos == NULL)
			break;
		if (key_len != KEY_SIZE || value_len != VALUE_SIZE)
			return ERR_CORRUPT;
		take_row(w, key, value);
	}
	return ERR_OK;
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
