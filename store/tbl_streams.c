#include "config.h"

#include <string.h>

#include "store/be.h"
#include "store/event.h"
#include "store/tbl.h"
#include "store/tbl_streams.h"

#define AT_ID        0
#define AT_LAST      8
#define AT_FLAGS     16
#define AT_BYTES     17
#define AT_FIRST     25
#define AT_FORGOTTEN 33
#define AT_SETTINGS  41

#define FLAG_DELETED 1

#define NAME_KEY_SIZE 9

static enum err
decode(struct stream_record *s, size_t n)
{
	const unsigned char *r = s->raw;

	if (n < AT_SETTINGS)
		return ERR_CORRUPT;
	s->id = be_get64(r + AT_ID);
	s->last = (int64_t)be_get64(r + AT_LAST);
	s->is_deleted = (r[AT_FLAGS] & FLAG_DELETED) != 0;
	s->bytes = be_get64(r + AT_BYTES);
	s->first = (int64_t)be_get64(r + AT_FIRST);
	s->forgotten = be_get64(r + AT_FORGOTTEN);
	return settings_decode(
	    &s->settings, slice(r + AT_SETTINGS, n - AT_SETTINGS));
}

void
tbl_streams_init(struct stream_record *s)
{
	s->id = 0;
	s->last = EVENT_NUMBER_NONE;
	s->is_deleted = false;
	s->bytes = 0;
	s->first = 0;
	s->forgotten = 0;
	s->settings = (struct settings){0};
}

enum err
tbl_streams_get(struct txn *tx, struct slice name, struct stream_record *s)
{
	struct tbl_value v = {.value = s->raw, .size = sizeof(s->raw)};
	DBT key = tbl_dbt(name.p, name.n);
	enum err e = tbl_get(tx, TABLE_STREAMS, &key, &v);

	if (e != ERR_OK)
		return e == ERR_NO_EVENT ? ERR_NO_STREAM : e;
	return decode(s, v.n);
}

enum err
tbl_streams_get_for_update(
    struct txn *tx, struct slice name, struct stream_record *s)
{
	struct tbl_value v = {.value = s->raw, .size = sizeof(s->raw)};
	DBT key = tbl_dbt(name.p, name.n);
	enum err e = tbl_get_for_update(tx, TABLE_STREAMS, &key, &v);

	if (e != ERR_OK)
		return e == ERR_NO_EVENT ? ERR_NO_STREAM : e;
	return decode(s, v.n);
}

enum err
tbl_streams_put(
    struct txn *tx, struct slice name, const struct stream_record *s)
{
	unsigned char raw[STREAM_RECORD_SIZE];
	DBT key = tbl_dbt(name.p, name.n), value;
	size_t n;

	be_put64(raw + AT_ID, s->id);
	be_put64(raw + AT_LAST, (uint64_t)s->last);
	raw[AT_FLAGS] = s->is_deleted ? FLAG_DELETED : 0;
	be_put64(raw + AT_BYTES, s->bytes);
	be_put64(raw + AT_FIRST, (uint64_t)s->first);
	be_put64(raw + AT_FORGOTTEN, s->forgotten);
	n = settings_encode(raw + AT_SETTINGS, &s->settings);
	value = tbl_dbt(raw, AT_SETTINGS + n);
	return tbl_put(tx, TABLE_STREAMS, &key, &value);
}

static void
name_key(unsigned char out[NAME_KEY_SIZE], uint64_t id)
{
	out[0] = '\0';
	be_put64(out + 1, id);
}

enum err
tbl_streams_put_name(struct txn *tx, uint64_t id, struct slice name)
{
	unsigned char raw[NAME_KEY_SIZE];
	DBT key, value = tbl_dbt(name.p, name.n);

	name_key(raw, id);
	key = tbl_dbt(raw, sizeof(raw));
	return tbl_put(tx, TABLE_STREAMS, &key, &value);
}

enum err
tbl_streams_name(struct txn *tx, uint64_t id, char *name, size_t *n)
{
	struct tbl_value v = {.value = name, .size = STREAM_MAX_META_NAME};
	unsigned char raw[NAME_KEY_SIZE];
	DBT key;
	enum err e;

	name_key(raw, id);
	key = tbl_dbt(raw, sizeof(raw));
	e = tbl_get(tx, TABLE_STREAMS, &key, &v);
	*n = v.n;
	return e == ERR_NO_EVENT ? ERR_CORRUPT : e;
}

/* Stand on the first name behind after, or behind the keys with a NUL. */
static enum err
seek_behind(struct tbl_cursor *c, struct slice after)
{
	char *key = c->key.data;
	enum err e;

	if (after.n == 0)
		after = slice("\1", 1);
	memcpy(key, after.p, after.n);
	c->key.size = (uint32_t)after.n;
	e = tbl_cursor_get(c, DB_SET_RANGE);
	if (e == ERR_OK && slice_eq(slice(key, c->key.size), after))
		return tbl_cursor_get(c, DB_NEXT);
	return e;
}

enum err
tbl_streams_each(struct txn *tx, const struct tbl_streams_walk *w)
{
	struct stream_record s;
	char name[STREAM_MAX_META_NAME];
	struct tbl_cursor c = {.key = tbl_dbt(name, sizeof(name)),
	    .value = tbl_dbt(s.raw, sizeof(s.raw))};
	enum err e;

	if ((e = tbl_cursor_open(&c, tx, TABLE_STREAMS)) != ERR_OK)
		return e;
	e = seek_behind(&c, w->after);
	while (e == ERR_OK) {
		if ((e = decode(&s, c.value.size)) == ERR_OK)
			e = w->each(w->arg, slice(name, c.key.size), &s);
		if (e == ERR_OK)
			e = tbl_cursor_get(&c, DB_NEXT);
	}
	tbl_cursor_close(&c);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

enum err
tbl_streams_each_name(struct txn *tx, const struct tbl_streams_name_walk *w)
{
	unsigned char key[STREAM_MAX_META_NAME];
	char name[STREAM_RECORD_SIZE]; /* other rows follow */
	struct tbl_cursor c = {.key = tbl_dbt(key, sizeof(key)),
	    .value = tbl_dbt(name, sizeof(name))};
	enum err e;

	if ((e = tbl_cursor_open(&c, tx, TABLE_STREAMS)) != ERR_OK)
		return e;
	name_key(key, w->after + 1);
	c.key.size = NAME_KEY_SIZE;
	e = tbl_cursor_get(&c, DB_SET_RANGE);
	while (e == ERR_OK && key[0] == '\0') {
		e = c.key.size == NAME_KEY_SIZE
			? w->each(w->arg, be_get64(key + 1),
			      slice(name, c.value.size))
			: ERR_CORRUPT;
		if (e == ERR_OK)
			e = tbl_cursor_get(&c, DB_NEXT);
	}
	tbl_cursor_close(&c);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}
