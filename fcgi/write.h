/*
 * write - what all resources that take events have in common.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_WRITE_H
#define FCGI_WRITE_H

#include <stdint.h>

#include "store/err.h"
#include "store/guid.h"
#include "store/slice.h"

struct append;
struct buf;
struct request;

struct write {
	struct slice stream;
	int64_t expected;
	struct guid id;           /* of a single event */
	const char *default_type; /* its type without ES-EventType, or NULL */
};

/* Whether the body's type brings ids and types of its own. */
bool write_is_batch(const struct request *);

/*
 * Read the body, and leave what it says to be appended as r->pending; else the
 * reply is complete, and says what is wrong.
 */
void write_body(struct request *, const struct write *);

/* Carry out what was left, now; or answer it, when it was.  Once. */
void write_carry_out(struct request *);
void write_answer(struct request *, enum err);

/*
 * Answer an append or a deletion that was not carried out.  Of a deletion at
 * a wrong version ES-CurrentVersion is not said, as with the reference.
 */
void write_refused(struct request *, const struct append *, enum err);

/* <base>/streams/<escaped name>, in a buf of the caller's. */
void write_stream_url(struct buf *, struct request *, struct slice stream);

/*
 * The single event's id from ES-EventId; all zero without that header.  A
 * batch does not use it, and yet it must not be malformed (contract 1.2).
 * False: it is, and the reply says why.
 */
bool write_read_id(struct request *, struct guid *);

/* False: the name is refused, and the reply says why. */
bool write_check_name(struct request *, struct slice stream);

#endif
