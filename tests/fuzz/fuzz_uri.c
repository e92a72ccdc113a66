#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "fcgi/uri.h"
#include "store/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Escaped again, a segment is read as the same. */
static void
check_segment(struct slice segment)
{
	struct buf target = {0}, room = {0};
	const char *why;
	struct uri u;
	enum err e;

	assert(memchr(segment.p, '\0', segment.n) == NULL);
	buf_add_char(&target, '/');
	uri_escape(&target, segment);
	e = uri_parse(&u, buf_slice(&target), &room, &why);
	if (e == ERR_OK && segment.n > 0)
		assert(u.nsegments == 1 && slice_eq(u.segments[0], segment));
	else
		assert(e == ERR_OK || target.n > URI_MAX);
	buf_fini(&target);
	buf_fini(&room);
}

static void
check_parts(const struct uri *u, struct slice raw)
{
	struct slice value;
	size_t i;

	assert(u->path.n > 0 && u->path.p[0] == '/');
	assert(u->path.n + u->query.n <= raw.n + 1);
	assert(u->nsegments <= URI_SEGMENTS_MAX + 1);
	for (i = 0; i < u->nsegments; i++)
		check_segment(u->segments[i]);
	if (uri_query(u, "embed", &value))
		assert(value.n <= u->query.n);
	if (uri_query(u, "", &value))
		assert(value.n <= u->query.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice raw = slice(n == 0 ? "" : (const char *)data, n);
	struct buf room = {0};
	const char *why = NULL;
	struct uri u;
	enum err e = uri_parse(&u, raw, &room, &why);

	assert(e == ERR_OK || e == ERR_INVALID || e == ERR_TOO_LARGE);
	assert((e == ERR_TOO_LARGE) == (n > URI_MAX));
	assert((e == ERR_OK) == (why == NULL));
	if (e == ERR_OK)
		check_parts(&u, raw);
	buf_fini(&room);
	return 0;
}
