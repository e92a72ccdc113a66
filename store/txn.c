#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "store/clock.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/txn.h"

#define TRIES          24
#define MOST_DOUBLINGS 6 /* of a pause of 1 ms */

/* How often a reader looks whether what it read is on the disk. */
#define DURABLE_LOOK_MS 1

/* EINVAL: the library refuses it on a replica (BDB4572). */
static int
begin_snapshot(struct txn *tx)
{
	DB_ENV *h = env_handle(tx->env);
	int r;

	if (!env_may_have_snapshots(tx->env))
		return 0;
	r = h->txn_begin(h, NULL, &tx->handle, DB_TXN_SNAPSHOT);
	return r == EINVAL && env_group_options(tx->env) != NULL ? 0 : r;
}

static enum err
txn_begin(struct txn *tx)
{
	DB_ENV *h = env_handle(tx->env);
	int r;

	tx->handle = NULL;
	if ((r = env_fault(tx->env)) != 0)
		return env_err(r);
	if (tx->kind == TXN_READ)
		return env_err(begin_snapshot(tx));
	return env_err(h->txn_begin(h, NULL, &tx->handle, 0));
}

/*
 * With a group the disk comes after the others: a commit that waits for the
 * disk tells them so, and a replica then syncs its log after each record of
 * what was sent together (5.3.28: __rep_log_split leaves REPCTL_FLUSH set).
 */
static int
commit_in_group(struct txn *tx)
{
	DB_ENV *h = env_handle(tx->env);
	int r = tx->handle->commit(tx->handle, DB_TXN_WRITE_NOSYNC);

	if (r == 0 && env_is_synced(tx->env))
		r = h->log_flush(h, NULL);
	return r;
}

static int
commit(struct txn *tx)
{
	if (tx->kind == TXN_WRITE_LATER)
		return tx->handle->commit(tx->handle, DB_TXN_NOSYNC);
	if (tx->kind == TXN_WRITE && env_group_options(tx->env) != NULL)
		return commit_in_group(tx);
	return tx->handle->commit(tx->handle, 0);
}

/* One that fails may stand in the log all the same: only recovery knows. */
static enum err
txn_commit(struct txn *tx)
{
	enum err e;
	int r;

	group_forget_failure();
	r = commit(tx);
	if ((e = env_err(r)) == ERR_OK && tx->kind == TXN_WRITE &&
	    group_commit_failed())
		return ERR_NOT_ACKED;
	if (tx->kind == TXN_READ || e == ERR_OK || e == ERR_DEADLOCK ||
	    e == ERR_RECOVERY)
		return e;
	log_error("txn", "committing: %s; the store must be recovered",
	    db_strerror(r));
	env_panic(tx->env);
	return ERR_RECOVERY;
}

/* Commit or abort: the handle is gone afterwards, whatever came of it. */
static enum err
txn_end(struct txn *tx, enum err e)
{
	int r;

	if (tx->handle == NULL)
		return e;
	if (e == ERR_OK && (e = env_err(env_fault(tx->env))) == ERR_OK)
		return txn_commit(tx);
	if ((r = tx->handle->abort(tx->handle)) != 0)
		return env_err(r);
	return e;
}

/* A random time below a bound that doubles with each try. */
static void
pause_before(unsigned int tries)
{
	int64_t bound = 1 << (tries < MOST_DOUBLINGS ? tries : MOST_DOUBLINGS);
	unsigned char dice = 0;

	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		dice = 128;
	clock_sleep_ms(bound * dice / 255);
}

/* kind, env and end are set. */
static enum err
repeat(struct txn *tx, txn_body_f *body, void *arg)
{
	enum err e;

	for (tx->tries = 0; tx->tries < TRIES; tx->tries++) {
		if (tx->tries > 0)
			pause_before(tx->tries);
		if ((e = txn_begin(tx)) == ERR_OK)
			e = txn_end(tx, body(tx, arg));
		if (e != ERR_DEADLOCK)
			return e;
	}
	log_warn("txn", "gave up after %d deadlocks", TRIES);
	return ERR_BUSY;
}

enum err
txn_run_once(struct env *env, enum txn_kind kind, txn_body_f *body, void *arg)
{
	struct txn tx = {.kind = kind, .env = env};

	return repeat(&tx, body, arg);
}

/*
 * Taken before the snapshot, so that the snapshot has all that is below.  A
 * row that every commit writes and every reader of $all looks at would keep
 * the writers waiting: the library's latches let readers pass first.
 */
static uint64_t
find_end(struct store *st, enum txn_kind kind)
{
	struct role *role = store_role(st);

	if (kind != TXN_READ || !role_is_master(role, NULL))
		return 0;
	return role_acked(role);
}

/*
 * The library shows a commit to snapshots from when its record is in the log's
 * buffer (5.3.28: __log_put sets visible_lsn), before it is on the disk; and
 * when who was flushing has died, it will never be.  What was read of it is
 * told only when its writer knows that it stays.  In a cluster that is asked
 * for by stream_run_as_master().
 */
static enum err
await_durable(struct store *st, const struct txn *tx, int64_t deadline)
{
	struct role *role = store_role(st);

	if (tx->kind != TXN_READ || tx->seen == 0 || role_has_peers(role) ||
	    role_acked(role) == 0)
		return ERR_OK;
	while (role_acked(role) < tx->seen) {
		if (env_panicked(tx->env) || !store_vouched(st))
			return ERR_RECOVERY;
		if (clock_mono_ms() >= deadline)
			return ERR_UNAVAILABLE;
		clock_sleep_ms(DURABLE_LOOK_MS);
	}
	return ERR_OK;
}

enum err
txn_run(struct store *st, enum txn_kind kind, txn_body_f *body, void *arg)
{
	int64_t deadline = store_deadline(st);
	struct txn tx = {.kind = kind};
	struct env *env;
	enum err e;

	for (;;) {
		if ((e = store_enter(st, deadline, &env)) != ERR_OK)
			return e;
		tx.env = env;
		tx.seen = 0;
		tx.end = find_end(st, kind);
		/* Rather refused than failed, by half, in the library. */
		if (kind != TXN_READ && env_disk_is_full(env))
			e = ERR_DISK_FULL;
		else
			e = repeat(&tx, body, arg);
		if (e == ERR_OK)
			e = await_durable(st, &tx, deadline);
		if (e != ERR_OK && env_panicked(env))
			e = ERR_RECOVERY;
		if ((e == ERR_NO_MEMORY || e == ERR_IO) &&
		    env_disk_is_full(env))
			e = ERR_DISK_FULL;
		if ((e == ERR_OK || e == ERR_NOT_ACKED) && kind != TXN_READ &&
		    !(env_is_sound(env) && store_vouched(st)))
			e = ERR_RECOVERY;
		store_exit(st, e);
		if (e != ERR_RECOVERY && e != ERR_STALE)
			return e;
	}
}
