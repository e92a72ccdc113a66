#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "store/json.h"
#include "store/settings.h"

#define TRUNCATE_BEFORE 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum err
read_document(struct settings *s, struct slice document)
{
	struct event ev = {.flags = EVENT_DATA_IS_JSON, .data = document};

	return settings_read(s, &ev);
}

static bool
same(const struct settings *a, const struct settings *b)
{
	return a->max_count == b->max_count && a->max_age == b->max_age &&
	       a->truncate_before == b->truncate_before &&
	       a->cache_control == b->cache_control && slice_eq(a->acl, b->acl);
}

static bool
is_empty(const struct settings *s)
{
	const struct settings none = {0};

	return same(s, &none);
}

/* What was read is in range, and comes back from a record. */
static void
check_settings(const struct settings *s, struct slice document)
{
	unsigned char record[SETTINGS_MAX_SIZE];
	struct settings back;
	struct json_value v;
	size_t n;

	assert(s->max_count >= 0 && s->max_age >= 0);
	assert(s->truncate_before >= 0 && s->cache_control >= 0);
	assert(s->acl.n == 0 ||
	       (json_parse(&v, s->acl, NULL) && v.kind == JSON_OBJECT));
	assert(s->acl.n == 0 ||
	       (s->acl.p >= document.p &&
		   s->acl.p + s->acl.n <= document.p + document.n));
	n = settings_encode(record, s);
	assert(n <= sizeof(record));
	assert(settings_decode(&back, slice(record, n)) == ERR_OK);
	assert(same(s, &back));
}

/*
 * Always a JSON object that has this $tb; what else the document asked for
 * stays, unless its $tb was what spoilt it.
 */
static void
check_truncated(struct slice document, const struct settings *before)
{
	struct buf once = {0}, again = {0};
	struct json_value v;
	struct settings s, expected = *before;

	settings_print_truncated(&once, document, TRUNCATE_BEFORE);
	assert(json_parse(&v, buf_slice(&once), NULL));
	assert(v.kind == JSON_OBJECT && v.text.n == once.n);
	assert(read_document(&s, v.text) == ERR_OK);
	assert(is_empty(&s) || s.truncate_before == TRUNCATE_BEFORE);
	expected.truncate_before = TRUNCATE_BEFORE;
	assert(is_empty(before) || same(&s, &expected));
	settings_print_truncated(&again, buf_slice(&once), TRUNCATE_BEFORE);
	assert(slice_eq(buf_slice(&once), buf_slice(&again)));
	buf_fini(&once);
	buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice document = slice(n == 0 ? "" : (const char *)data, n);
	struct settings s;
	enum err e = read_document(&s, document);

	assert(e == ERR_OK || (e == ERR_TOO_LARGE && is_empty(&s)));
	check_settings(&s, document);
	if (e == ERR_OK)
		check_truncated(document, &s);
	return 0;
}
