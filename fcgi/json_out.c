#include "config.h"

#include <assert.h>

#include "fcgi/json_out.h"
#include "store/json.h"

#define LINE_SIZE (1 + 2 * JSON_OUT_MAX_DEPTH)

/*
 * Begin a line where there is room for LINE_SIZE bytes; returned is its end.
 * More is copied than stays: a length that is known takes no call.
 */
static char *
put_line(const struct json_out *o, char *p)
{
	static const char line[LINE_SIZE + 1] =
	    "\n                              ";

	memcpy(p, line, LINE_SIZE);
	return p + 1 + 2 * o->depth;
}

void
json_out_open(struct json_out *o, char bracket)
{
	assert(o->depth < JSON_OUT_MAX_DEPTH);
	buf_add_char(o->buf, bracket);
	o->depth++;
	o->has_item = false;
}

void
json_out_close(struct json_out *o, char bracket)
{
	char *p = buf_room(o->buf, LINE_SIZE + 1);

	o->depth--;
	if (p == NULL)
		return;
	if (o->has_item)
		p = put_line(o, p);
	*p++ = bracket;
	buf_end(o->buf, p);
	o->has_item = true;
}

/* Where there is room for its comma and line. */
static char *
put_item(struct json_out *o, char *p)
{
	if (o->has_item)
		*p++ = ',';
	o->has_item = true;
	return put_line(o, p);
}

void
json_out_item(struct json_out *o)
{
	char *p = buf_room(o->buf, 1 + LINE_SIZE);

	if (p != NULL)
		buf_end(o->buf, put_item(o, p));
}

void
json_out_named(struct json_out *o, struct slice name)
{
	char *p = buf_room(o->buf, 1 + LINE_SIZE + name.n + 4);

	if (p == NULL)
		return;
	p = put_item(o, p);
	*p++ = '"';
	memcpy(p, name.p, name.n);
	p += name.n;
	memcpy(p, "\": ", 3);
	buf_end(o->buf, p + 3);
}

void
json_out_string(struct json_out *o, struct slice s)
{
	json_quote(o->buf, s);
}

void
json_out_plain(struct json_out *o, struct slice s)
{
	buf_add_char(o->buf, '"');
	buf_add_slice(o->buf, s);
	buf_add_char(o->buf, '"');
}

void
json_out_raw(struct json_out *o, struct slice s)
{
	buf_add_slice(o->buf, s);
}
