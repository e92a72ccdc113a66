#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "fcgi/user_body.h"
#include "fcgi/xml_doc.h"
#include "store/json.h"
#include "store/json_string.h"

struct reader {
	struct user_body *body;
	bool is_xml;
};

static enum err refuse(struct user_body *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static enum err
refuse(struct user_body *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->why, sizeof(b->why), fmt, ap);
	va_end(ap);
	return ERR_INVALID;
}

/* Room for all that the JSON says was made, so nothing moves. */
static struct slice
keep(struct user_body *b, struct slice string)
{
	size_t at = b->text.n;

	json_unescape(&b->text, string);
	return slice(b->text.p + at, b->text.n - at);
}

/* Without its namespace, in XML. */
static struct slice
local_name(const struct reader *r, struct slice name)
{
	const char *colon = r->is_xml ? memrchr(name.p, ':', name.n) : NULL;

	if (colon == NULL)
		return name;
	return slice_from(name, (size_t)(colon + 1 - name.p));
}

/* An element that has attributes is an object; what it says is its text. */
static struct json_value
text_of(const struct reader *r, struct json_value v)
{
	struct json_value text = {JSON_NULL, {NULL, 0}}, member;
	struct json_iter it;
	struct slice name;

	if (!r->is_xml || v.kind != JSON_OBJECT)
		return v;
	json_iter_init(&it, v);
	while (json_iter_member(&it, &name, &member)) {
		if (slice_is(name, "#text"))
			text = member;
		else if (!slice_starts(name, "@"))
			return v;
	}
	return text;
}

static enum err
read_string(const struct reader *r, const char *name, struct json_value v,
    struct slice *out)
{
	v = text_of(r, v);
	if (v.kind == JSON_NULL)
		*out = slice(NULL, 0);
	else if (v.kind == JSON_STRING)
		*out = keep(r->body, v.text);
	else
		return refuse(r->body, "\"%s\" must be a string.", name);
	return ERR_OK;
}

static enum err
add_group(const struct reader *r, struct json_value v)
{
	struct user_body *b = r->body;

	v = text_of(r, v);
	if (v.kind != JSON_STRING)
		return refuse(b, "\"groups\" must be an array of strings.");
	if (b->ngroups == USERS_MAX_GROUPS)
		return refuse(b, "An account may have at most %d groups.",
		    USERS_MAX_GROUPS);
	b->groups[b->ngroups++] = keep(b, v.text);
	return ERR_OK;
}

static enum err
add_groups(const struct reader *r, struct json_value array)
{
	struct json_value group;
	struct json_iter it;
	enum err e = ERR_OK;

	if (array.kind != JSON_ARRAY)
		return add_group(r, array);
	json_iter_init(&it, array);
	while (e == ERR_OK && json_iter_next(&it, &group))
		e = add_group(r, group);
	return e;
}

/* <groups><string>a</string><string>b</string></groups>, and the like. */
static enum err
add_children(const struct reader *r, struct json_value parent)
{
	struct json_value child;
	struct json_iter it;
	struct slice name;
	enum err e = ERR_OK;

	json_iter_init(&it, parent);
	while (e == ERR_OK && json_iter_member(&it, &name, &child))
		if (!slice_starts(name, "@"))
			e = add_groups(r, child);
	return e;
}

static enum err
read_groups(const struct reader *r, struct json_value v)
{
	struct user_body *b = r->body;
	bool has_children;

	b->ngroups = 0;
	v = text_of(r, v);
	has_children = r->is_xml && v.kind == JSON_OBJECT;
	b->has_groups = r->is_xml || v.kind != JSON_NULL;
	if (v.kind == JSON_NULL)
		return ERR_OK;
	if (has_children)
		return add_children(r, v);
	if (v.kind != JSON_ARRAY && !r->is_xml)
		return refuse(b, "\"groups\" must be an array of strings.");
	return add_groups(r, v);
}

static enum err
read_member(const struct reader *r, struct slice name, struct json_value v)
{
	struct user_body *b = r->body;

	name = local_name(r, name);
	if (json_name_is(name, "loginname"))
		return read_string(r, "loginName", v, &b->login);
	if (json_name_is(name, "fullname"))
		return read_string(r, "fullName", v, &b->full_name);
	if (json_name_is(name, "password"))
		return read_string(r, "password", v, &b->password);
	if (json_name_is(name, "currentpassword"))
		return read_string(
		    r, "currentPassword", v, &b->current_password);
	if (json_name_is(name, "newpassword"))
		return read_string(r, "newPassword", v, &b->new_password);
	if (json_name_is(name, "groups"))
		return read_groups(r, v);
	return ERR_OK;
}

static enum err
read_members(const struct reader *r, struct slice json)
{
	struct json_fault fault;
	struct json_value v;
	struct json_iter it;
	struct slice name;
	enum err e = ERR_OK;

	if (!json_parse(&v, json, &fault))
		return refuse(r->body, "It is not JSON: at byte %zu, %s.",
		    fault.at, fault.why);
	if (v.kind != JSON_OBJECT)
		return refuse(
		    r->body, r->is_xml ? "The root element must have elements."
				       : "It must be a JSON object.");
	if (!buf_reserve(&r->body->text, json.n))
		return ERR_NO_MEMORY;
	json_iter_init(&it, v);
	while (e == ERR_OK && json_iter_member(&it, &name, &v))
		e = read_member(r, name, v);
	return e;
}

enum err
user_body_read(struct user_body *b, struct slice text, bool is_xml)
{
	struct reader r = {b, is_xml};
	char why[XML_WHY_SIZE];
	enum err e;

	if (!is_xml)
		return read_members(&r, text);
	e = xml_doc_read(&b->json, text, why);
	if (e == ERR_INVALID)
		return refuse(b, "%s", why);
	return e == ERR_OK ? read_members(&r, buf_slice(&b->json)) : e;
}

static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->size);
	buf_fini(b);
}

void
user_body_fini(struct user_body *b)
{
	wipe(&b->json);
	wipe(&b->text);
}
