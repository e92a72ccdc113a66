#include "config.h"

#include "store/be.h"
#include "store/tbl.h"
#include "store/tbl_counters.h"

#define KEY      "next"
#define KEY_SIZE 4

#define AT_LAYOUT    0
#define AT_POSITION  4
#define AT_STREAM_ID 12
#define AT_REMOVED   20
#define SIZE         28

typedef enum err get_f(
    struct txn *, enum table, const DBT *, struct tbl_value *);

static enum err
read_row(struct txn *tx, struct counters *c, get_f *get)
{
	unsigned char raw[SIZE];
	struct tbl_value v = {.value = raw, .size = sizeof(raw)};
	DBT key = tbl_dbt(KEY, KEY_SIZE);
	enum err e = get(tx, TABLE_COUNTERS, &key, &v);

	*c = (struct counters){.position = 0, .stream_id = 1};
	if (e == ERR_NO_EVENT)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	if (v.n != SIZE || be_get32(raw + AT_LAYOUT) != COUNTERS_LAYOUT)
		return ERR_CORRUPT;
	c->position = be_get64(raw + AT_POSITION);
	c->stream_id = be_get64(raw + AT_STREAM_ID);
	c->removed = be_get64(raw + AT_REMOVED);
	return ERR_OK;
}

enum err
tbl_counters_get(struct txn *tx, struct counters *c)
{
	return read_row(tx, c, tbl_get);
}

enum err
tbl_counters_get_for_update(struct txn *tx, struct counters *c)
{
	return read_row(tx, c, tbl_get_for_update);
}

enum err
tbl_counters_put(struct txn *tx, const struct counters *c)
{
	unsigned char raw[SIZE];
	DBT key = tbl_dbt(KEY, KEY_SIZE), value = tbl_dbt(raw, sizeof(raw));

	be_put32(raw + AT_LAYOUT, COUNTERS_LAYOUT);
	be_put64(raw + AT_POSITION, c->position);
	be_put64(raw + AT_STREAM_ID, c->stream_id);
	be_put64(raw + AT_REMOVED, c->removed);
	return tbl_put(tx, TABLE_COUNTERS, &key, &value);
}

enum err
tbl_counters_count(struct txn *tx, uint64_t *n)
{
	unsigned char key[64], value[64];
	struct tbl_cursor c = {.key = tbl_dbt(key, sizeof(key)),
	    .value = tbl_dbt(value, sizeof(value))};
	enum err e;

	*n = 0;
	if ((e = tbl_cursor_open(&c, tx, TABLE_COUNTERS)) != ERR_OK)
		return e;
	while ((e = tbl_cursor_get(&c, DB_NEXT)) == ERR_OK)
		++*n;
	tbl_cursor_close(&c);
	/* One that is larger than ours is one more. */
	if (e == ERR_TOO_LARGE)
		++*n;
	return e == ERR_NO_EVENT || e == ERR_TOO_LARGE ? ERR_OK : e;
}
