#include "config.h"

#include <string.h>

#include "store/event.h"
#include "store/tbl.h"
#include "store/tbl_streams.h"

#define FLAG_DELETED 1

#define NAME_KEY_MOST (1 + VARINT_MOST)

static enum err
decode(struct stream_record *s, size_t n)
{
	struct slice rest = slice(s->raw, n);
	uint64_t next, first;

	if (n == 0)
		return ERR_CORRUPT;
	s->is_deleted = (s->raw[0] & FLAG_DELETED) != 0;
	rest = slice_from(rest, 1);
	if (!varint_take(&rest, &s->id) || !varint_take(&rest, &next) ||
	    !varint_take(&rest, &s->bytes) || !varint_take(&rest, &first) ||
	    !varint_take(&rest, &s->forgotten))
		return ERR_CORRUPT;
	s->last = (int64_t)(next - 1);
	s->first = (int64_t)first;
	return settings_decode(&s->settings, rest);
}

static size_t
encode(unsigned char out[STREAM_RECORD_SIZE], const struct stream_record *s)
{
	unsigned char *p = out;

	*p++ = s->is_deleted ? FLAG_DELETED : 0;
	p = varint_put(p, s->id);
	p = varint_put(p, (uint64_t)s->last + 1);
	p = varint_put(p, s->bytes);
	p = varint_put(p, (uint64_t)s->first);
	p = varint_put(p, s->forgotten);
	return (size_t)(p - out) + settings_encode(p, &s->settings);
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
	DBT key = tbl_dbt(name.p, name.n), value = tbl_dbt(raw, encode(raw, s));

	return tbl_put(tx, TABLE_STREAMS, &key, &value);
}

/* Returns how many bytes it has. */
static size_t
name_key(unsigned char out[NAME_KEY_MOST], uint64_t id)
{
	out[0] = '\0';
	return (size_t)(varint_put(out + 1, id) - out);
}

enum err
tbl_streams_put_name(struct txn *tx, uint64_t id, struct slice name)
{
	unsigned char raw[NAME_KEY_MOST];
	DBT key = tbl_dbt(raw, name_key(raw, id)),
	    value = tbl_dbt(name.p, name.n);

	return tbl_put(tx, TABLE_STREAMS, &key, &value);
}

enum err
tbl_streams_name(struct txn *tx, uint64_t id, char *name, size_t *n)
{
	struct tbl_value v = {.value = name, .size = STREAM_MAX_META_NAME};
	unsigned char raw[NAME_KEY_MOST];
	DBT key = tbl_dbt(raw, name_key(raw, id));
	enum err e = tbl_get(tx, TABLE_STREAMS, &key, &v);

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

static enum err
id_of_key(const struct tbl_cursor *c, uint64_t *id)
{
	struct slice rest = slice(c->key.data, c->key.size);

	if (rest.n == 0)
		return ERR_CORRUPT;
	rest = slice_from(rest, 1);
	return varint_take(&rest, id) && rest.n == 0 ? ERR_OK : ERR_CORRUPT;
}

enum err
tbl_streams_each_name(struct txn *tx, const struct tbl_streams_name_walk *w)
{
	unsigned char key[STREAM_MAX_META_NAME];
	char name[STREAM_RECORD_SIZE]; /* other rows follow */
	struct tbl_cursor c = {.key = tbl_dbt(key, sizeof(key)),
	    .value = tbl_dbt(name, sizeof(name))};
	uint64_t id;
	enum err e;

	if ((e = tbl_cursor_open(&c, tx, TABLE_STREAMS)) != ERR_OK)
		return e;
	c.key.size = (uint32_t)name_key(key, w->after + 1);
	e = tbl_cursor_get(&c, DB_SET_RANGE);
	while (e == ERR_OK && key[0] == '\0') {
		if ((e = id_of_key(&c, &id)) == ERR_OK)
			e = w->each(w->arg, id, slice(name, c.value.size));
		if (e == ERR_OK)
			e = tbl_cursor_get(&c, DB_NEXT);
	}
	tbl_cursor_close(&c);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}
