/*
 * tbl - one call on one table, with the error translated and faults injected.
 *
 * Layer: store; private to it.  Only the tbl_*.c files use it.
 */
#ifndef STORE_TBL_H
#define STORE_TBL_H

#include <db.h>
#include <stddef.h>
#include <stdint.h>

#include "store/env.h"
#include "store/err.h"
#include "store/txn.h"

/*
 * Read the value of a key into value, which has size bytes; *n gets its
 * length.  for_update takes the lock that a later put needs.
 * ERR_NO_EVENT: no such key.  ERR_CORRUPT: it has more than size bytes.
 */
struct tbl_value {
	void *value;
	size_t size;
	size_t n;
};
enum err tbl_get(struct txn *, enum table, const DBT *key, struct tbl_value *);
enum err tbl_get_for_update(
    struct txn *, enum table, const DBT *key, struct tbl_value *);

/* The same for a value of any length.  ERR_TOO_LARGE: *n is what it needs. */
enum err tbl_get_any(
    struct txn *, enum table, const DBT *key, struct tbl_value *);

/* Only the first size bytes of a value. */
enum err tbl_get_head(
    struct txn *, enum table, const DBT *key, struct tbl_value *);

/* Write; overwrites what was there. */
enum err tbl_put(struct txn *, enum table, DBT *key, DBT *value);

/* Write a key that must be new.  ERR_TAKEN: it is not. */
enum err tbl_insert(struct txn *, enum table, DBT *key, DBT *value);

/* ERR_NO_EVENT: there was none. */
enum err tbl_delete(struct txn *, enum table, DBT *key);

/* A place in a table, and the key and value found there. */
struct tbl_cursor {
	struct txn *tx;
	DBC *dbc;
	DBT key, value; /* the caller sets their memory */
};

enum err tbl_cursor_open(struct tbl_cursor *, struct txn *, enum table);

/*
 * flags are those of DBcursor->get.  ERR_NO_EVENT: there is nothing there.
 * ERR_TOO_LARGE: value.size is what it needs.
 */
enum err tbl_cursor_get(struct tbl_cursor *, uint32_t flags);

/* Delete what the cursor stands on. */
enum err tbl_cursor_delete(struct tbl_cursor *);

/* Must come before the transaction's end.  Accepts one that did not open. */
void tbl_cursor_close(struct tbl_cursor *);

/*
 * A DBT over the caller's n bytes.  The library takes no const, and does not
 * write to what it is given as a key or as a value to put.
 */
static inline DBT
tbl_dbt(const void *p, size_t n)
{
	DBT t = {.data = (void *)(uintptr_t)p,
	    .size = (uint32_t)n,
	    .ulen = (uint32_t)n,
	    .flags = DB_DBT_USERMEM};

	return t;
}

#endif
