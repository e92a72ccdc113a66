/*
 * bootstrap - what a new store must hold before anybody uses it.
 *
 * Layer: store.  The account admin, the list of accounts, and who may see
 * them (contract 0.0).
 *
 * Who uses this links libcrypt.
 */
#ifndef STORE_BOOTSTRAP_H
#define STORE_BOOTSTRAP_H

#include "store/err.h"

struct store;

/*
 * Write what is missing; harmless to repeat, and when several processes do
 * it at once.  cost: of the password's hash, see account.h.
 * Returns what stream_append() or stream_run() returns.
 */
enum err bootstrap_run(struct store *, unsigned int cost);

/* Warn while admin's password is the default one. */
void bootstrap_warn(struct store *);

#endif
