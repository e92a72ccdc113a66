/*
 * forward_msg - an append on its way from a replica to the master.
 *
 * Layer: store.  Other nodes are not trusted more than clients are: what is
 * decoded is bounded and checked like a request of theirs.  Integers are
 * big-endian; version comes first, and a node that does not know it refuses.
 *
 * A request:
 *
 *   version 1 | FORWARD_MSG 1 | kind 1 | flags 1 | events 4 | expected 8 |
 *   deletion's id 16 | name length 4 | who length 4 | name | who |
 *   for each event: record length 4, record (see event.h)
 *
 * who is what identity_encode() makes; flags: 1 was allowed before,
 * 2 must live.
 * An answer, whose flags are 1 was allowed, 2 has a position:
 *
 *   version 1 | FORWARD_MSG 1 | outcome 1 | flags 1 | 0 4 | first 8 |
 *   current 8 | position 8
 */
#ifndef STORE_FORWARD_MSG_H
#define STORE_FORWARD_MSG_H

#include <stdbool.h>

#include "store/append.h"
#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"

#define FORWARD_MSG_VERSION 2
#define FORWARD_MSG         1 /* the second byte; see pulse_msg.h */

/* Beyond a body of the largest size, for all that is not in it. */
#define FORWARD_MSG_MAX ((size_t)1200 << 20)

/* ERR_NO_MEMORY: also in the buf. */
enum err forward_msg_encode(struct buf *, const struct append *);

/* An append that came in a message, with memory of its own. */
struct forward_request;

/*
 * ERR_CORRUPT: it is none that forward_msg_encode() makes, or a name, an
 * identity or an event in it breaks a rule.  ERR_NO_MEMORY.
 */
enum err forward_msg_decode(struct forward_request **, struct slice);
struct append *forward_request_append(struct forward_request *);
void forward_request_free(struct forward_request **);

/* What came of an append: what stands in it, and e, what was returned. */
void forward_msg_encode_answer(struct buf *, const struct append *, enum err e);

/*
 * Fill in what came of *a; *e gets what the master returned.
 * ERR_CORRUPT: it is no answer.
 */
enum err forward_msg_decode_answer(struct slice, struct append *a, enum err *e);

#endif
