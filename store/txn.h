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
	TXN_READ, /* on a master a snapshot; on a replica see below */
	TXN_WRITE,
	TXN_WRITE_LATER /* its commit need not be on disk: it may be lost */
};

/*
 * A snapshot never waits and never deadlocks with a writer.  On a replica the
 * library has none: what replication applies makes no versions of pages.  But
 * it holds locks on all the pages of a transaction while it applies it.  So
 * there handle is NULL and each call locks the page that it looks at, for as
 * long as it looks: it sees all of a transaction or nothing, and later calls
 * see what is at least as new as what earlier ones saw.
 */
struct txn {
	enum txn_kind kind;
	struct env *env;
	DB_TXN *handle;     /* NULL: a read without a snapshot */
	unsigned int tries; /* that this one comes after */
	uint64_t end;       /* for a read: all below is committed; 0: look */
	uint64_t seen;      /* behind the newest event that was read */
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
 * back in time.  ERR_NOT_MASTER: a write on a replica.  ERR_NOT_ACKED: it is
 * committed here, and a quorum has not confirmed it.
 * ERR_DISK_FULL, ERR_NO_MEMORY, ERR_IO, ERR_CORRUPT: logged.
 * Else what body returned.
 */
enum err txn_run(struct store *, enum txn_kind, txn_body_f *, void *arg);

/* The same without patience, on an environment that the caller has open. */
enum err txn_run_once(struct env *, enum txn_kind, txn_body_f *, void *arg);

#endif
