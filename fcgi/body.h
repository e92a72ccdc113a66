/*
 * body - the events in a request's body.
 *
 * Layer: fcgi.  Scanned in place: data and metadata are stored byte for byte
 * as they were sent (contract 0.0, 1.3).
 */
#ifndef FCGI_BODY_H
#define FCGI_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/err.h"
#include "store/event.h"

#define BODY_MAX_EVENTS 20000
#define BODY_WHY_SIZE   200

/* Starts as {.max_event_bytes = ...}. */
struct body {
	struct new_event *events;
	size_t n;
	size_t size;             /* events there is room for */
	size_t max_event_bytes;  /* in: data and metadata together */
	bool is_metadata;        /* in: for a metadata resource */
	const char *reason;      /* out: the reference's phrase, static */
	char why[BODY_WHY_SIZE]; /* out: what is wrong, and what right */
};

/*
 * Read an array of {eventId, eventType, data, metadata}; names in any case,
 * others ignored, the last of several counts.  ERR_INVALID, ERR_TOO_LARGE:
 * reason and why say more.  ERR_NO_MEMORY.
 */
enum err body_read_batch(struct body *, struct slice text);

/* One event whose data is all of text; json: it counts as JSON if it is. */
struct body_single {
	struct guid id;
	struct slice type;
	bool json;
};
enum err body_read_single(
    struct body *, const struct body_single *, struct slice text);

void body_fini(struct body *);

/* For those who read a batch: an event as its format spells it, borrowed. */
struct body_event {
	struct slice id; /* a GUID as text; empty: it has none */
	struct slice type;
	struct slice data;
	struct slice metadata;
	unsigned int flags; /* as in event.h */
};

/*
 * Check the body's next event and keep a copy of it.  ERR_INVALID,
 * ERR_TOO_LARGE: reason and why say more.  ERR_NO_MEMORY.
 */
enum err body_add_event(struct body *, const struct body_event *);

/* Say why the body is invalid; returns ERR_INVALID. */
enum err body_refuse(struct body *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Say that the body's next event is too large; returns ERR_TOO_LARGE. */
enum err body_too_large(struct body *);

#endif
