/*
 * txn - the one place where transactions begin, commit, fail and repeat.
 *
 * Layer: store; private to it.  Every operation on a table runs inside a
 * body given to txn_run(), and no other code knows what a deadlock is.
 */
#ifndef STORE_TXN_H
#define STORE_TXN_H

#include <db.h>

#include "store/env.h"
#include "store/err.h"

struct store;

enum txn_kind {
	TXN_READ, /* a snapshot: never waits, never deadlocks with a writer */
	TXN_WRITE,
	TXN_WRITE_LATER /* its commit need not be on disk: it may be lost */
};

struct txn {
	enum txn_kind kind;
	struct env *env;
	DB_TXN *handle;
	unsigned int tries; /* that this one comes after */
};

/*
 * May run several times, so it does nothing that cannot be repeated: what
 * it makes, it makes anew.  Anything but ERR_OK aborts.
 */
typedef enum err txn_body_f(struct txn *, void *arg);

/*
 * Run body in a transaction and commit it.  Repeats on a deadlock, with a
 * growing, random pause, up to a bound; waits for a store that is being
 * recovered and then repeats, up to the store's patience.
 * ERR_BUSY: deadlocked too often.  ERR_UNAVAILABLE: the store did not come
 * back in time.  ERR_DISK_FULL, ERR_NO_MEMORY, ERR_IO, ERR_CORRUPT: logged.
 * Else what body returned.
 */
enum err txn_run(struct store *, enum txn_kind, txn_body_f *, void *arg);

/* The same without patience, on an environment that the caller has open. */
enum err txn_run_once(struct env *, enum txn_kind, txn_body_f *, void *arg);

#endif
