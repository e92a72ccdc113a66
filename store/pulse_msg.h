/*
 * pulse_msg - what the agents of a cluster tell each other all the time.
 *
 * Layer: store.  The same message asks and answers:
 *
 *   version 1 | PULSE_MSG 1 | role 1 | follows 1 | generation 4 |
 *   position 8 | log file 4 | listen length 2 | listen
 */
#ifndef STORE_PULSE_MSG_H
#define STORE_PULSE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/conf_text.h"
#include "store/err.h"
#include "store/role.h"
#include "store/slice.h"

#define PULSE_MSG_VERSION 1
#define PULSE_MSG         2 /* the second byte; see forward_msg.h */

struct pulse {
	enum role_kind role; /* the sender's */
	bool follows;      /* in an answer: whoever asked is its master, in that
			      generation, and it is none itself */
	uint32_t gen;      /* of the election that it knows of */
	uint64_t position; /* the next event's */
	uint32_t log_file; /* in which its log ends */
	char listen[CONF_TEXT_MAX + 1]; /* who sends */
};

void pulse_msg_encode(struct buf *, const struct pulse *);

/* ERR_CORRUPT. */
enum err pulse_msg_decode(struct pulse *, struct slice);

/* Whether a message is meant to be one. */
bool pulse_msg_is(struct slice);

#endif
