/*
 * link - an event that stands for an event of another stream.
 *
 * Layer: store.  A link event has the type $> and the data number@stream;
 * the stream's name is all that follows the first @.
 */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/event.h"

#define LINK_TYPE "$>"

/*
 * What a link event names; *stream points into the event's data.
 * False: it is no link event, or one whose data names nothing.
 */
bool link_parse(const struct event *, int64_t *number, struct slice *stream);

#endif
