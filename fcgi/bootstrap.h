/*
 * bootstrap - what a new store must hold before anybody uses it.
 *
 * Layer: fcgi.  The account admin, the list of accounts, and who may see
 * them (contract 0.0).
 */
#ifndef FCGI_BOOTSTRAP_H
#define FCGI_BOOTSTRAP_H

#include "store/err.h"

struct store;

/*
 * Write what is missing; harmless to repeat, and when several workers do it
 * at once.  Warns while admin's password is the default one.
 * Returns what stream_append() or stream_run() returns.
 */
enum err bootstrap_run(struct store *);

#endif
