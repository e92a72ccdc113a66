#include "config.h"

#include "fcgi/json_out.h"
#include "store/json.h"

static void
new_line(struct json_out *o)
{
	static const char blanks[] = "\n                                ";

	buf_add(o->buf, blanks, 1 + 2 * (size_t)o->depth);
}

void
json_out_open(struct json_out *o, char bracket)
{
	buf_add_char(o->buf, bracket);
	o->depth++;
	o->has_item = false;
}

void
json_out_close(struct json_out *o, char bracket)
{
	o->depth--;
	if (o->has_item)
		new_line(o);
	buf_add_char(o->buf, bracket);
	o->has_item = true;
}

void
json_out_item(struct json_out *o)
{
	if (o->has_item)
		buf_add_char(o->buf, ',');
	o->has_item = true;
	new_line(o);
}

void
json_out_name(struct json_out *o, const char *name)
{
	json_out_item(o);
	buf_add_char(o->buf, '"');
	buf_add_str(o->buf, name);
	buf_add_str(o->buf, "\": ");
}

void
json_out_string(struct json_out *o, struct slice s)
{
	json_quote(o->buf, s);
}

void
json_out_raw(struct json_out *o, struct slice s)
{
	buf_add_slice(o->buf, s);
}

void
json_out_string_member(struct json_out *o, const char *name, struct slice s)
{
	json_out_name(o, name);
	json_quote(o->buf, s);
}

void
json_out_int_member(struct json_out *o, const char *name, int64_t n)
{
	json_out_name(o, name);
	buf_add_int(o->buf, n);
}

void
json_out_bool_member(struct json_out *o, const char *name, bool is)
{
	json_out_name(o, name);
	buf_add_str(o->buf, is ? "true" : "false");
}
