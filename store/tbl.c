#include "config.h"

#include "store/tbl.h"

/* A reader of a table without versions: see env.c. */
static bool
reads_the_moment(const struct txn *tx, enum table t)
{
	return tx->kind == TXN_READ && !env_has_versions(t);
}

/* key and value are there to be written to. */
static enum err
get(struct txn *tx, enum table t, DBT key, DBT *value, uint32_t flags)
{
	DB *db = env_table(tx->env, t);
	int r;

	if ((r = env_fault(tx->env)) == 0)
		r = reads_the_moment(tx, t)
		    ? db->get(db, NULL, &key, value, DB_READ_UNCOMMITTED)
		    : db->get(db, tx->handle, &key, value, flags);
	return r == DB_BUFFER_SMALL ? ERR_TOO_LARGE : env_err(r);
}

enum err
tbl_get_any(struct txn *tx, enum table t, const DBT *key, struct tbl_value *v)
{
	DBT d = tbl_dbt(v->value, v->size);
	enum err e = get(tx, t, *key, &d, 0);

	v->n = d.size;
	return e;
}

enum err
tbl_get(struct txn *tx, enum table t, const DBT *key, struct tbl_value *v)
{
	enum err e = tbl_get_any(tx, t, key, v);

	return e == ERR_TOO_LARGE ? ERR_CORRUPT : e;
}

enum err
tbl_get_for_update(
    struct txn *tx, enum table t, const DBT *key, struct tbl_value *v)
{
	DBT d = tbl_dbt(v->value, v->size);
	enum err e = get(tx, t, *key, &d, DB_RMW);

	v->n = d.size;
	return e == ERR_TOO_LARGE ? ERR_CORRUPT : e;
}

enum err
tbl_get_head(struct txn *tx, enum table t, const DBT *key, struct tbl_value *v)
{
	DBT d = tbl_dbt(v->value, v->size);
	enum err e;

	d.flags |= DB_DBT_PARTIAL;
	d.dlen = (uint32_t)v->size;
	e = get(tx, t, *key, &d, 0);
	v->n = d.size;
	return e;
}

static enum err
put(struct txn *tx, enum table t, DBT *key, DBT *value, uint32_t flags)
{
	DB *db = env_table(tx->env, t);
	int r;

	if ((r = env_fault(tx->env)) == 0)
		r = db->put(db, tx->handle, key, value, flags);
	return env_err(r);
}

enum err
tbl_put(struct txn *tx, enum table t, DBT *key, DBT *value)
{
	return put(tx, t, key, value, 0);
}

enum err
tbl_insert(struct txn *tx, enum table t, DBT *key, DBT *value)
{
	return put(tx, t, key, value, DB_NOOVERWRITE);
}

enum err
tbl_delete(struct txn *tx, enum table t, DBT *key)
{
	DB *db = env_table(tx->env, t);
	int r;

	if ((r = env_fault(tx->env)) == 0)
		r = db->del(db, tx->handle, key, 0);
	return env_err(r);
}

enum err
tbl_cursor(struct txn *tx, enum table t, DBC **cursor)
{
	DB *db = env_table(tx->env, t);
	int r;

	*cursor = NULL;
	if ((r = env_fault(tx->env)) == 0)
		r = reads_the_moment(tx, t)
		    ? db->cursor(db, NULL, cursor,
			  DB_CURSOR_BULK | DB_READ_UNCOMMITTED)
		    : db->cursor(db, tx->handle, cursor, DB_CURSOR_BULK);
	return env_err(r);
}

enum err
tbl_cursor_get(struct txn *tx, DBC *c, DBT *key, DBT *value, uint32_t flags)
{
	int r;

	if ((r = env_fault(tx->env)) == 0)
		r = c->get(c, key, value, flags);
	return r == DB_BUFFER_SMALL ? ERR_TOO_LARGE : env_err(r);
}

void
tbl_cursor_close(DBC **cursor)
{
	if (*cursor != NULL)
		(*cursor)->close(*cursor);
	*cursor = NULL;
}
