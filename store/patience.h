/*
 * patience - how long the library waits for other nodes, and for itself.
 *
 * Layer: store.  Berkeley DB 5.3.28 opens its connections with the system's
 * defaults, which are slow (small messages wait for delayed acknowledgements:
 * 21 appends a second) and patient (a node that fell silent is tried for two
 * minutes, and a connection that stands is kept for a quarter of an hour).
 * And where it waits for threads to come out before a node changes its role,
 * it looks once a second, or once in five.  It has options for none of that.
 *
 * So this file defines connect(2), listen(2) and select(2) for the whole
 * program, the library included: they set what is missing on TCP sockets, make
 * a long sleep a short one, and else do what the system's do.  A socket that
 * is accepted inherits what its listening socket has.
 */
#ifndef STORE_PATIENCE_H
#define STORE_PATIENCE_H

#include <stdint.h>

#include "store/err.h"

/* How long a node may be silent before a connection to it is given up. */
#define PATIENCE_SILENT_MS 3000

/*
 * Whether a process listens at a TCP address.  ERR_OK: one does.
 * ERR_NO_EVENT: none does, as the machine there answers.  ERR_UNAVAILABLE:
 * unknown, since no answer came in time.
 */
enum err patience_probe(const char *host, uint16_t port, int timeout_ms);

/*
 * End the connections to who listens at a port, at whatever address, so that
 * nobody waits for an answer on one any longer.
 */
void patience_hang_up(uint16_t port);

/*
 * Does nothing.  Whoever starts replication calls it, so that the linker takes
 * this file with its connect() and the others.
 */
void patience_prepare(void);

#endif
