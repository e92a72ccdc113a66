/*
 * event_line - an event as a line of JSON, for export and import.
 *
 * Layer: store; knows text, nothing of tables.
 *
 * A line is a JSON object (RFC 8259) with these members, in this order and
 * without blanks between them:
 *
 *   "stream"          the stream's name
 *   "number"          of the event; a tombstone's is 9223372036854775807
 *   "id"              lower case, with hyphens
 *   "type"
 *   "created"         UTC, YYYY-MM-DDThh:mm:ss.fffffffZ
 *   "position"        in $all; for information
 *   "dataIsJson"      whether the event counts as JSON: true or false
 *   "metadataIsJson"
 *   "metadata"        not there if it has no bytes
 *   "data"            likewise
 *
 * The bytes of metadata and data stand in one of three forms, which the
 * member's name tells:
 *
 *   "data"            a JSON value; its text, as it stands in the line, is
 *                     the bytes
 *   "dataText"        a string that says the bytes, which are UTF-8
 *   "dataBase64"      the bytes in Base64 (RFC 4648, 4, with padding)
 *
 * and the type, if it is not UTF-8, in "typeBase64".
 *
 * A stream from which scavenging removed all events, so that none tells where
 * its numbers go on, has a line of its own:
 *
 *   {"stream":"orders","nextNumber":10}
 */
#ifndef STORE_EVENT_LINE_H
#define STORE_EVENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/buf.h"
#include "store/event.h"
#include "store/slice.h"

struct event_line {
	struct slice stream;
	bool is_next;       /* of its event only number counts */
	struct event event; /* its data and metadata may be empty */
};

/* Bytes that a line has at most, with its end, if the event has n. */
size_t event_line_bound(size_t n);

/* Add the line with its end.  buf_failed() says if memory is out. */
void event_line_print(struct buf *, const struct event_line *);

/*
 * Read a line without its end.  Members may stand in any order, blanks
 * anywhere; all but position, data and metadata must be there, no other, and
 * none twice.  Slices point into the line or into memory, which is reset.
 * False: *why is an English phrase for the user.
 */
bool event_line_parse(struct event_line *, struct slice line,
    struct buf *memory, const char **why);

#endif
