#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "store/event_line.h"
#include "store/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_same(const struct event_line *a, const struct event_line *b)
{
	assert(slice_eq(a->stream, b->stream) && a->is_next == b->is_next);
	assert(a->event.number == b->event.number);
	if (a->is_next)
		return;
	assert(a->event.position == b->event.position);
	assert(a->event.created == b->event.created);
	assert(a->event.flags == b->event.flags);
	assert(guid_cmp(&a->event.id, &b->event.id) == 0);
	assert(slice_eq(a->event.type, b->event.type));
	assert(slice_eq(a->event.data, b->event.data));
	assert(slice_eq(a->event.metadata, b->event.metadata));
}

/* What was read is in range; printed, it is one line that reads the same. */
static void
check_line(const struct event_line *l)
{
	struct buf printed = {0}, memory = {0};
	struct event_line back;
	const char *why;
	struct slice line;

	assert(name_check(l->stream, &why));
	assert(l->event.type.n <= EVENT_MAX_TYPE && l->event.number >= 0);
	event_line_print(&printed, l);
	line = buf_slice(&printed);
	assert(
	    line.n <= event_line_bound(l->event.data.n + l->event.metadata.n));
	assert(memchr(line.p, '\n', line.n) == line.p + line.n - 1);
	assert(
	    event_line_parse(&back, slice(line.p, line.n - 1), &memory, &why));
	check_same(l, &back);
	buf_fini(&printed);
	buf_fini(&memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice line = slice(n == 0 ? "" : (const char *)data, n);
	struct buf memory = {0};
	struct event_line l;
	const char *why = NULL;

	if (event_line_parse(&l, line, &memory, &why))
		check_line(&l);
	else
		assert(why != NULL);
	buf_fini(&memory);
	return 0;
}
