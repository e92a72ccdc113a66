/*
 * own_event - an event that the server writes of its own.
 *
 * Layer: store.
 */
#ifndef STORE_OWN_EVENT_H
#define STORE_OWN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"
#include "store/guid.h"
#include "store/slice.h"

struct store;

struct own_event {
	struct slice stream;
	int64_t expected; /* as in append.h */
	const char *type;
	struct slice data;
	bool is_json;
	bool must_live; /* ERR_DELETED if the stream is soft-deleted */
	struct guid id;
};

/* Append it, whoever may write there.  Returns what stream_append() does. */
enum err own_event_write(struct store *, const struct own_event *);

#endif
