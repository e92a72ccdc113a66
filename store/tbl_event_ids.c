#include "config.h"

#include <string.h>

#include "store/tbl.h"
#include "store/tbl_event_ids.h"
#include "store/varint.h"

struct key {
	unsigned char raw[VARINT_MOST + sizeof(struct guid)];
	DBT dbt;
};

/* It points into itself, so it stays where it is; a cursor may write to it. */
static void
make_key(struct key *k, uint64_t stream_id, const struct guid *id)
{
	unsigned char *end = varint_put(k->raw, stream_id);

	memcpy(end, id->b, sizeof(id->b));
	end += sizeof(id->b);
	k->dbt = tbl_dbt(k->raw, sizeof(k->raw));
	k->dbt.size = (uint32_t)(end - k->raw);
}

static enum err
read_number(struct slice value, int64_t *number)
{
	if (!varint_take_number(&value, number) || value.n > 0)
		return ERR_CORRUPT;
	return ERR_OK;
}

enum err
tbl_event_ids_get(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t *number)
{
	unsigned char raw[VARINT_MOST];
	struct tbl_value v = {.value = raw, .size = sizeof(raw)};
	struct key key;
	enum err e;

	make_key(&key, stream_id, id);
	if ((e = tbl_get(tx, TABLE_EVENT_IDS, &key.dbt, &v)) != ERR_OK)
		return e;
	return read_number(slice(raw, v.n), number);
}

enum err
tbl_event_ids_insert(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t number)
{
	unsigned char raw[VARINT_MOST],
	    *end = varint_put(raw, (uint64_t)number);
	DBT value = tbl_dbt(raw, (size_t)(end - raw));
	struct key key;

	make_key(&key, stream_id, id);
	return tbl_insert(tx, TABLE_EVENT_IDS, &key.dbt, &value);
}

struct walk {
	struct tbl_cursor cursor;
	struct key key;
	unsigned char raw[VARINT_MOST];
};

/* At the row of an id, or where it would be. */
static enum err
walk_begin(struct walk *w, struct txn *tx, const struct id_row *at)
{
	make_key(&w->key, at->stream_id, &at->id);
	w->cursor.key = w->key.dbt;
	w->cursor.value = tbl_dbt(w->raw, sizeof(w->raw));
	return tbl_cursor_open(&w->cursor, tx, TABLE_EVENT_IDS);
}

static enum err
walk_get(struct walk *w, uint32_t flags, struct id_row *row)
{
	enum err e = tbl_cursor_get(&w->cursor, flags);
	struct slice key;

	if (e != ERR_OK)
		return e == ERR_TOO_LARGE ? ERR_CORRUPT : e;
	key = slice(w->key.raw, w->cursor.key.size);
	if (!varint_take(&key, &row->stream_id) || key.n != sizeof(row->id.b))
		return ERR_CORRUPT;
	memcpy(row->id.b, key.p, sizeof(row->id.b));
	return read_number(slice(w->raw, w->cursor.value.size), &row->number);
}

enum err
tbl_event_ids_forget(
    struct txn *tx, uint64_t stream_id, int64_t keep, size_t *n)
{
	struct id_row row = {.stream_id = stream_id};
	size_t want = *n;
	struct walk w;
	enum err e;

	*n = 0;
	if ((e = walk_begin(&w, tx, &row)) != ERR_OK)
		return e;
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
	if ((e = walk_begin(&w, tx, last)) != ERR_OK)
		return e;
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
