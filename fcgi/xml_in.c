#include "config.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "fcgi/xml_in.h"
#include "fcgi/xml_parse.h"
#include "fcgi/xml_tree.h"
#include "store/buf.h"
#include "store/json.h"

#define EVENT_DEPTH  2
#define MEMBER_DEPTH 3

enum member_name {
	MEMBER_ID,
	MEMBER_TYPE,
	MEMBER_DATA,
	MEMBER_METADATA,
	MEMBER_NONE
};

static const char *const member_names[MEMBER_NONE] = {
    [MEMBER_ID] = "eventId",
    [MEMBER_TYPE] = "eventType",
    [MEMBER_DATA] = "data",
    [MEMBER_METADATA] = "metadata",
};

struct member {
	struct buf text;
	bool is_json;
};

struct reader {
	struct body *body;
	enum member_name in;  /* the member that is open */
	struct xml_tree tree; /* what is in it */
	struct member members[MEMBER_NONE];
};

static enum err
too_large(struct reader *r, enum err e)
{
	return e == ERR_TOO_LARGE ? body_too_large(r->body) : e;
}

static enum member_name
find_member(const char *name)
{
	const char *colon = strrchr(name, ':');
	const char *local = colon == NULL ? name : colon + 1;
	enum member_name m = MEMBER_ID;

	while (m < MEMBER_NONE && strcasecmp(local, member_names[m]) != 0)
		m++;
	return m;
}

static void
start_event(struct reader *r)
{
	size_t i;

	for (i = 0; i < MEMBER_NONE; i++) {
		buf_reset(&r->members[i].text);
		r->members[i].is_json = false;
	}
}

/* Attributes of an id or a type, as xmlns="", say nothing. */
static enum err
open_element(struct reader *r, const char *name, const char *const *atts)
{
	enum err e = xml_tree_open(&r->tree, slice_str(name));

	if (atts == NULL || r->in == MEMBER_ID || r->in == MEMBER_TYPE)
		return e;
	for (; e == ERR_OK && atts[0] != NULL; atts += 2)
		e = xml_tree_add_attribute(
		    &r->tree, slice_str(atts[0]), slice_str(atts[1]));
	return e;
}

/* The body bounds ids and types; what they may have is checked later. */
static void
start_member(struct reader *r, const char *name)
{
	r->in = find_member(name);
	xml_tree_reset(&r->tree);
	r->tree.max_bytes = r->in == MEMBER_DATA || r->in == MEMBER_METADATA
				? r->body->max_event_bytes
				: SIZE_MAX;
}

static enum err
on_open(struct xml_parse *p, const char *name, const char *const *atts)
{
	struct reader *r = p->arg;

	if (p->depth == EVENT_DEPTH)
		start_event(r);
	if (p->depth == MEMBER_DEPTH)
		start_member(r, name);
	if (r->in == MEMBER_NONE)
		return ERR_OK;
	return too_large(r, open_element(r, name, atts));
}

static enum err
keep_json(struct xml_parse *p, struct member *m)
{
	struct reader *r = p->arg;

	if (r->in == MEMBER_ID || r->in == MEMBER_TYPE)
		return xml_refuse(p,
		    "the \"%s\" of event %zu must be text only.",
		    member_names[r->in], r->body->n);
	if (!xml_tree_print(&r->tree, &m->text))
		return xml_refuse(p,
		    "the \"%s\" of event %zu would be JSON nested deeper "
		    "than %d.",
		    member_names[r->in], r->body->n, JSON_DEPTH_MAX);
	m->is_json = true;
	return ERR_OK;
}

static enum err
end_member(struct xml_parse *p)
{
	struct reader *r = p->arg;
	struct member *m = &r->members[r->in];
	enum err e = ERR_OK;

	buf_reset(&m->text);
	m->is_json = false;
	if (xml_tree_kind(&r->tree) == XML_OBJECT)
		e = keep_json(p, m);
	else
		buf_add_slice(&m->text, xml_tree_text(&r->tree));
	if (e == ERR_OK && buf_failed(&m->text))
		e = ERR_NO_MEMORY;
	r->in = MEMBER_NONE;
	return e;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_from(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static enum err
end_event(struct reader *r)
{
	const struct member *m = r->members;
	struct body_event ev = {.id = trim(buf_slice(&m[MEMBER_ID].text)),
	    .type = buf_slice(&m[MEMBER_TYPE].text),
	    .data = buf_slice(&m[MEMBER_DATA].text),
	    .metadata = buf_slice(&m[MEMBER_METADATA].text)};

	if (m[MEMBER_DATA].is_json)
		ev.flags |= EVENT_DATA_IS_JSON;
	if (m[MEMBER_METADATA].is_json)
		ev.flags |= EVENT_METADATA_IS_JSON;
	return body_add_event(r->body, &ev);
}

static enum err
on_close(struct xml_parse *p)
{
	struct reader *r = p->arg;
	enum err e = ERR_OK;

	if (r->in != MEMBER_NONE)
		e = too_large(r, xml_tree_close(&r->tree));
	if (e == ERR_OK && p->depth == MEMBER_DEPTH && r->in != MEMBER_NONE)
		e = end_member(p);
	if (e == ERR_OK && p->depth == EVENT_DEPTH)
		e = end_event(r);
	return e;
}

static enum err
on_text(struct xml_parse *p, struct slice text)
{
	struct reader *r = p->arg;

	if (r->in == MEMBER_NONE)
		return ERR_OK;
	return too_large(r, xml_tree_add_text(&r->tree, text));
}

static enum err
on_cdata(struct xml_parse *p, struct slice text)
{
	struct reader *r = p->arg;

	if (r->in == MEMBER_NONE)
		return ERR_OK;
	return too_large(r, xml_tree_add_cdata(&r->tree, text));
}

static void
reader_fini(struct reader *r)
{
	size_t i;

	for (i = 0; i < MEMBER_NONE; i++)
		buf_fini(&r->members[i].text);
	xml_tree_fini(&r->tree);
}

enum err
xml_in_read_batch(struct body *b, struct slice text)
{
	static const struct xml_handler handler = {
	    on_open, on_close, on_text, on_cdata};
	struct reader r = {.body = b,
	    .in = MEMBER_NONE,
	    .tree = {.max_bytes = b->max_event_bytes}};
	struct xml_parse p = {.handler = &handler, .arg = &r};
	enum err e = xml_parse(&p, text);

	reader_fini(&r);
	if (e == ERR_INVALID && p.why[0] != '\0')
		return body_refuse(b, "%s", p.why);
	if (e == ERR_OK && b->n == 0)
		return body_refuse(
		    b, "The root element must have an element for each event.");
	return e;
}
