/*
 * forward - an append is carried out by the master, wherever it is asked for.
 *
 * Layer: store.  On the master it goes to the process's writer, on a replica
 * in a message to the master's agent, which hands it to its own.  While the
 * master changes an append waits, and is sent again: that is safe, because
 * its ids are known.
 */
#ifndef STORE_FORWARD_H
#define STORE_FORWARD_H

#include "store/append.h"
#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"

struct store;

/*
 * Carry out *a, here or at the master: see writer.h.
 * ERR_NO_MASTER: none was found in the store's patience, and nothing was
 * written.  ERR_NOT_ACKED: it may have been written, and it is safe to
 * repeat.
 */
enum err forward_append(struct store *, struct append *a);

/* For the master's agent: carry out a request that came in a message. */
void forward_serve(struct store *, struct slice request, struct buf *answer);

#endif
