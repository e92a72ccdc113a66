#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "store/json.h"
#include "tests/fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Payloads that count as JSON stand in the body byte for byte. */
static void
check_bytes(struct slice text, struct slice payload, bool is_json)
{
	if (is_json)
		assert(memmem(text.p, text.n, payload.p, payload.n) != NULL);
}

static void
check_batch(struct slice text)
{
	struct body b = {.max_event_bytes = EVENTS_MAX_BYTES};
	struct event ev;
	size_t i;

	events_check(&b, body_read_batch(&b, text));
	for (i = 0; i < b.n; i++) {
		assert(event_decode(&ev,
			   slice(b.events[i].record, b.events[i].record_len)) ==
		       ERR_OK);
		check_bytes(
		    text, ev.data, (ev.flags & EVENT_DATA_IS_JSON) != 0);
		check_bytes(text, ev.metadata,
		    (ev.flags & EVENT_METADATA_IS_JSON) != 0);
	}
	body_fini(&b);
}

/* The same text as the data of one event: kept, whatever it is. */
static void
check_single(struct slice text)
{
	struct body b = {.max_event_bytes = EVENTS_MAX_BYTES};
	struct body_single single = {.type = slice_str("t"), .json = true};
	struct json_value v;
	struct event ev;
	enum err e = body_read_single(&b, &single, text);

	assert(e == (text.n > EVENTS_MAX_BYTES ? ERR_TOO_LARGE : ERR_OK));
	if (e == ERR_OK) {
		assert(event_decode(&ev,
			   slice(b.events[0].record, b.events[0].record_len)) ==
		       ERR_OK);
		assert(slice_eq(ev.data, text) && ev.metadata.n == 0);
		assert(((ev.flags & EVENT_DATA_IS_JSON) != 0) ==
		       json_parse(&v, text, NULL));
	}
	body_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice(n == 0 ? "" : (const char *)data, n);

	check_batch(text);
	check_single(text);
	return 0;
}
