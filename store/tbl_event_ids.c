#include "config.h"

#include <string.h>

#include "store/be.h"
#include "store/tbl.h"
#include "store/tbl_event_ids.h"

#define KEY_SIZE   24
#define VALUE_SIZE 8

static void
make_key(unsigned char out[KEY_SIZE], uint64_t stream_id, const struct guid *id)
{
	be_put64(out, stream_id);
	memcpy(out + 8, id->b, sizeof(id->b));
}

enum err
tbl_event_ids_get(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t *number)
{
	unsigned char raw_key[KEY_SIZE], raw[VALUE_SIZE];
	struct tbl_value v = {.value = raw, .size = sizeof(raw)};
	DBT key = tbl_dbt(raw_key, sizeof(raw_key));
	enum err e;

	make_key(raw_key, stream_id, id);
	if ((e = tbl_get(tx, TABLE_EVENT_IDS, &key, &v)) != ERR_OK)
		return e;
	if (v.n != VALUE_SIZE)
		return ERR_CORRUPT;
	*number = (int64_t)be_get64(raw);
	return ERR_OK;
}

enum err
tbl_event_ids_insert(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t number)
{
	unsigned char raw_key[KEY_SIZE], raw[VALUE_SIZE];
	DBT key = tbl_dbt(raw_key, sizeof(raw_key)),
	    value = tbl_dbt(raw, sizeof(raw));

	make_key(raw_key, stream_id, id);
	be_put64(raw, (uint64_t)number);
	return tbl_insert(tx, TABLE_EVENT_IDS, &key, &value);
}

struct walk {
	struct tbl_cursor cursor;
	unsigned char raw_key[KEY_SIZE];
	unsigned char raw[VALUE_SIZE];
};

static enum err
walk_begin(struct walk *w, struct txn *tx)
{
	w->cursor.key = tbl_dbt(w->raw_key, sizeof(w->raw_key));
	w->cursor.value = tbl_dbt(w->raw, sizeof(w->raw));
	return tbl_cursor_open(&w->cursor, tx, TABLE_EVENT_IDS);
}

static enum err
walk_get(struct walk *w, uint32_t flags, struct id_row *row)
{
	enum err e = tbl_cursor_get(&w->cursor, flags);

	if (e != ERR_OK)
		return e;
	if (w->cursor.key.size != KEY_SIZE ||
	    w->cursor.value.size != VALUE_SIZE)
		return ERR_CORRUPT;
	row->stream_id = be_get64(w->raw_key);
	memcpy(row->id.b, w->raw_key + 8, sizeof(row->id.b));
	row->number = (int64_t)be_get64(w->raw);
	return ERR_OK;
}

enum err
tbl_event_ids_forget(
    struct txn *tx, uint64_t stream_id, int64_t keep, size_t *n)
{
	struct guid least = {{0}};
	size_t want = *n;
	struct id_row row;
	struct walk w;
	enum err e;

	*n = 0;
	if ((e = walk_begin(&w, tx)) != ERR_OK)
		return e;
	make_key(w.raw_key, stream_id, &least);
	e = walk_get(&w, DB_SET_RANGE | DB_RMW, &row);
	while (e == ERR_OK && row.stream_id == stream_id && *n < want) {
		if (row.number != keep) {
			if ((e = tbl_cursor_delete(&w.cursor)) != ERR_OK)
				break;
			++*n;
		}
		e = walk_get(&w, DB_NEXT | DB_RMW, &row);
	}
	tbl_cursor_close(&w.cursor);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

enum err
tbl_event_ids_read(
    struct txn *tx, struct id_row *last, struct id_row *rows, size_t *n)
{
	size_t want = *n;
	struct id_row row;
	struct walk w;
	enum err e;

	*n = 0;
	if ((e = walk_begin(&w, tx)) != ERR_OK)
		return e;
	make_key(w.raw_key, last->stream_id, &last->id);
	e = walk_get(&w, DB_SET_RANGE, &row);
	if (e == ERR_OK && row.stream_id == last->stream_id &&
	    guid_cmp(&row.id, &last->id) == 0)
		e = walk_get(&w, DB_NEXT, &row);
	while (e == ERR_OK && *n < want) {
		*last = rows[(*n)++] = row;
		e = walk_get(&w, DB_NEXT, &row);
	}
	tbl_cursor_close(&w.cursor);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}
