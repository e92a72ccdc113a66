#include "config.h"

#include <assert.h>

#include "store/json.h"
#include "tests/fuzz/events.h"

/* What counts as JSON is whole. */
static void
check_payload(struct slice payload, bool is_json)
{
	struct json_value v;

	if (!is_json)
		return;
	assert(json_parse(&v, payload, NULL));
	assert(v.text.n == payload.n);
}

static void
check_event(const struct new_event *made)
{
	struct event ev;
	enum err e = event_decode(&ev, slice(made->record, made->record_len));

	assert(e == ERR_OK && !guid_is_zero(&ev.id));
	assert(guid_cmp(&ev.id, &made->id) == 0);
	assert(ev.type.n > 0 && ev.type.n <= EVENT_MAX_TYPE);
	assert(json_utf8_valid(ev.type));
	assert(ev.data.n + ev.metadata.n <= EVENTS_MAX_BYTES);
	assert(json_utf8_valid(ev.data) && json_utf8_valid(ev.metadata));
	check_payload(ev.data, (ev.flags & EVENT_DATA_IS_JSON) != 0);
	check_payload(ev.metadata, (ev.flags & EVENT_METADATA_IS_JSON) != 0);
}

/* The sentence becomes a line of the answer. */
static void
check_why(const struct body *b)
{
	const char *p;

	assert(b->reason != NULL && b->why[0] != '\0');
	for (p = b->why; *p != '\0'; p++)
		assert(*p >= ' ' && *p <= '~');
}

void
events_check(const struct body *b, enum err e)
{
	size_t i;

	assert(e == ERR_OK || e == ERR_INVALID || e == ERR_TOO_LARGE);
	if (e == ERR_OK)
		assert(b->n > 0);
	else
		check_why(b);
	for (i = 0; i < b->n; i++)
		check_event(&b->events[i]);
}
