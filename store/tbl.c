#include "config.h"

#include "store/tbl.h"

/* A reader of a table without versions: see env.c. */
static bool
reads_the_moment(const struct txn *tx, enum table t)
{
	return tx->kind == TXN_READ && !env_has_versions(t);
}

/* What a call is about, beside key and value. */
struct call {
	struct txn *tx;
	enum table table;
	uint32_t flags;
};

/* key and value are there to be written to. */
static enum err
get(struct call c, DBT key, DBT *value)
{
	DB *db = env_table(c.tx->env, c.table);
	DB_TXN *txn = c.tx->handle;
	int r;

	if (reads_the_moment(c.tx, c.table)) {
		txn = NULL;
		c.flags |= DB_READ_UNCOMMITTED;
	}
	if ((r = env_fault(c.tx->env)) == 0)
		r = db->get(db, txn, &key, value, c.flags);
	return r == DB_BUFFER_SMALL ? ERR_TOO_LARGE : env_err(r);
}

enum err
tbl_get_any(struct txn *tx, enum table t, const DBT *key, struct tbl_value *v)
{
	DBT d = tbl_dbt(v->value, v->size);
	enum err e = get((struct call){tx, t, 0}, *key, &d);

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
	enum err e = get((struct call){tx, t, DB_RMW}, *key, &d);

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
	e = get((struct call){tx, t, 0}, *key, &d);
	v->n = d.size;
	return e;
}

static enum err
put(struct call c, DBT *key, DBT *value)
{
	DB *db = env_table(c.tx->env, c.table);
	int r;

	if ((r = env_fault(c.tx->env)) == 0)
		r = db->put(db, c.tx->handle, key, value, c.flags);
	return env_err(r);
}

enum err
tbl_put(struct txn *tx, enum table t, DBT *key, DBT *value)
{
	return put((struct call){tx, t, 0}, key, value);
}

enum err
tbl_insert(struct txn *tx, enum table t, DBT *key, DBT *value)
{
	return put((struct call){tx, t, DB_NOOVERWRITE}, key, value);
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
tbl_cursor_open(struct tbl_cursor *c, struct txn *tx, enum table t)
{
	DB *db = env_table(tx->env, t);
	uint32_t flags = DB_CURSOR_BULK;
	DB_TXN *txn = tx->handle;
	int r;

	if (reads_the_moment(tx, t)) {
		txn = NULL;
		flags |= DB_READ_UNCOMMITTED;
	}
	c->tx = tx;
	c->dbc = NULL;
	if ((r = env_fault(tx->env)) == 0)
		r = db->cursor(db, txn, &c->dbc, flags);
	return env_err(r);
}

enum err
tbl_cursor_get(struct tbl_cursor *c, uint32_t flags)
{
	int r;

	if ((r = env_fault(c->tx->env)) == 0)
		r = c->dbc->get(c->dbc, &c->key, &c->value, flags);
	return r == DB_BUFFER_SMALL ? ERR_TOO_LARGE : env_err(r);
}

enum err
tbl_cursor_delete(struct tbl_cursor *c)
{
	int r;

	if ((r = env_fault(c->tx->env)) == 0)
		r = c->dbc->del(c->dbc, 0);
	return env_err(r);
}

void
tbl_cursor_close(struct tbl_cursor *c)
{
	if (c->dbc != NULL)
		c->dbc->close(c->dbc);
	c->dbc = NULL;
}
