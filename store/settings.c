#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "store/clock.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/settings.h"

#define TRUNCATE_MEMBER "$tb"

bool
settings_name_is(struct slice raw, const char *name)
{
	return json_says(raw, slice_str(name));
}

static bool
read_integer(const struct json_value *v, int64_t *out)
{
	char text[24];
	size_t i;

	if (v->kind != JSON_NUMBER || v->text.n >= sizeof(text))
		return false;
	for (i = v->text.p[0] == '-' ? 1 : 0; i < v->text.n; i++)
		if (v->text.p[i] < '0' || v->text.p[i] > '9')
			return false;
	memcpy(text, v->text.p, v->text.n);
	text[v->text.n] = '\0';
	errno = 0;
	*out = strtoll(text, NULL, 10);
	return errno == 0;
}

/* Beyond its range a limit is ignored, it does not spoil the document. */
static bool
read_limit(const struct json_value *v, int64_t least, int64_t *out)
{
	int64_t n;

	if (!read_integer(v, &n))
		return false;
	if (n >= least)
		*out = n;
	return true;
}

static bool
is_role_list(struct json_value v)
{
	struct json_iter it;
	struct json_value role;

	if (v.kind == JSON_STRING)
		return true;
	if (v.kind != JSON_ARRAY)
		return false;
	json_iter_init(&it, v);
	while (json_iter_next(&it, &role))
		if (role.kind != JSON_STRING)
			return false;
	return true;
}

bool
settings_read_acl(const struct json_value *v, struct slice *out)
{
	static const char *const rights[] = {"$r", "$w", "$d", "$mr", "$mw"};
	struct json_iter it;
	struct json_value list;
	struct slice name;
	size_t i;

	if (v->kind != JSON_OBJECT)
		return false;
	json_iter_init(&it, *v);
	while (json_iter_member(&it, &name, &list)) {
		for (i = 0; i < 5 && !settings_name_is(name, rights[i]); i++)
			continue;
		if (i == 5 || !is_role_list(list))
			return false;
	}
	*out = v->text;
	return true;
}

/* False when a recognised member has the wrong type. */
static bool
read_member(struct settings *s, struct slice name, const struct json_value *v)
{
	if (settings_name_is(name, "$maxCount"))
		return read_limit(v, 1, &s->max_count);
	if (settings_name_is(name, "$maxAge"))
		return read_limit(v, 1, &s->max_age);
	if (settings_name_is(name, TRUNCATE_MEMBER))
		return read_limit(v, 0, &s->truncate_before);
	if (settings_name_is(name, "$cacheControl"))
		return read_limit(v, 1, &s->cache_control);
	if (settings_name_is(name, "$tmp"))
		return v->kind == JSON_BOOL;
	if (settings_name_is(name, "$acl"))
		return settings_read_acl(v, &s->acl);
	return true;
}

enum err
settings_read(struct settings *s, const struct event *e)
{
	struct settings read = {0};
	struct json_value document, v;
	struct json_iter it;
	struct slice name;
	bool valid = true;

	*s = read;
	if (!event_is_json(e) || !json_parse(&document, e->data, NULL) ||
	    document.kind != JSON_OBJECT)
		return ERR_OK;
	json_iter_init(&it, document);
	while (json_iter_member(&it, &name, &v))
		valid = read_member(&read, name, &v) && valid;
	/* In any case: a later change of $tb may make the rest count. */
	if (read.acl.n > SETTINGS_MAX_ACL)
		return ERR_TOO_LARGE;
	if (valid)
		*s = read;
	return ERR_OK;
}

const struct settings settings_of_metastream = {.max_count = 1};

struct settings_limits
settings_limits(const struct settings *s, int64_t last, int64_t now)
{
	struct settings_limits l = {s->truncate_before, INT64_MIN};

	if (s->max_count > 0 && last - s->max_count + 1 > l.first)
		l.first = last - s->max_count + 1;
	if (s->max_age > 0 && s->max_age < INT64_MAX / CLOCK_TICKS_PER_S)
		l.oldest = now - s->max_age * CLOCK_TICKS_PER_S;
	return l;
}

bool
settings_soft_deleted(const struct settings *s)
{
	return s->truncate_before == SETTINGS_SOFT_DELETED;
}

struct slice
settings_soft_deletion(void)
{
	return slice_str("{\"$tb\":9223372036854775807}");
}

static void
print_others(struct buf *out, struct json_value document)
{
	struct json_iter it;
	struct json_value v;
	struct slice name;

	json_iter_init(&it, document);
	while (json_iter_member(&it, &name, &v)) {
		if (settings_name_is(name, TRUNCATE_MEMBER))
			continue;
		buf_add_char(out, '"');
		buf_add_slice(out, name);
		buf_add_str(out, "\":");
		buf_add_slice(out, v.text);
		buf_add_char(out, ',');
	}
}

void
settings_print_truncated(
    struct buf *out, struct slice document, int64_t truncate_before)
{
	struct json_value v;

	buf_add_char(out, '{');
	if (json_parse(&v, document, NULL) && v.kind == JSON_OBJECT)
		print_others(out, v);
	buf_add_str(out, "\"" TRUNCATE_MEMBER "\":");
	buf_add_int(out, truncate_before);
	buf_add_char(out, '}');
}

size_t
settings_encode(unsigned char *out, const struct settings *s)
{
	unsigned char *p = varint_put(out, (uint64_t)s->max_count);

	p = varint_put(p, (uint64_t)s->max_age);
	p = varint_put(p, (uint64_t)s->truncate_before);
	p = varint_put(p, (uint64_t)s->cache_control);
	p = varint_put(p, s->acl.n);
	if (s->acl.n > 0)
		memcpy(p, s->acl.p, s->acl.n);
	return (size_t)(p - out) + s->acl.n;
}

enum err
settings_decode(struct settings *s, struct slice record)
{
	uint64_t numbers[4], acl_len;
	size_t i;

	for (i = 0; i < 4; i++)
		if (!varint_take(&record, &numbers[i]))
			return ERR_CORRUPT;
	if (!varint_take(&record, &acl_len) || acl_len != record.n)
		return ERR_CORRUPT;
	s->max_count = (int64_t)numbers[0];
	s->max_age = (int64_t)numbers[1];
	s->truncate_before = (int64_t)numbers[2];
	s->cache_control = (int64_t)numbers[3];
	s->acl = record;
	return ERR_OK;
}
