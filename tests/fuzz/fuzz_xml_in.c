#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "fcgi/xml_in.h"
#include "store/json.h"
#include "tests/fuzz/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Of an XML body only what is an object counts as JSON. */
static void
check_is_object(struct slice payload, bool is_json)
{
	struct json_value v;

	assert(!is_json ||
	       (json_parse(&v, payload, NULL) && v.kind == JSON_OBJECT));
}

static void
check_kinds(const struct new_event *made)
{
	struct event ev;

	assert(
	    event_decode(&ev, slice(made->record, made->record_len)) == ERR_OK);
	check_is_object(ev.data, (ev.flags & EVENT_DATA_IS_JSON) != 0);
	check_is_object(ev.metadata, (ev.flags & EVENT_METADATA_IS_JSON) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice(n == 0 ? "" : (const char *)data, n);
	struct body b = {.max_event_bytes = EVENTS_MAX_BYTES};
	size_t i;

	events_check(&b, xml_in_read_batch(&b, text));
	for (i = 0; i < b.n; i++)
		check_kinds(&b.events[i]);
	body_fini(&b);
	return 0;
}
