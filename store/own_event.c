#include "config.h"

#include "store/identity.h"
#include "store/own_event.h"
#include "store/stream.h"

enum err
own_event_write(struct store *st, const struct own_event *own)
{
	struct event ev = {.id = own->id,
	    .type = slice_str(own->type),
	    .data = own->data,
	    .flags = own->is_json ? EVENT_DATA_IS_JSON : 0};
	struct new_event ne;
	struct append a = {.kind = APPEND_EVENTS,
	    .stream = own->stream,
	    .expected = own->expected,
	    .must_live = own->must_live,
	    .who = identity_server(),
	    .events = &ne,
	    .n = 1};
	enum err e;

	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	e = stream_append(st, &a);
	new_event_fini(&ne);
	return e;
}
