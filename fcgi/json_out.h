/*
 * json_out - JSON printed as the reference prints it (contract 0.9).
 *
 * Layer: fcgi.  Two spaces a level, "name": value, one item a line.
 */
#ifndef FCGI_JSON_OUT_H
#define FCGI_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/buf.h"

struct json_out {
	struct buf *buf;
	unsigned int depth; /* at most JSON_OUT_MAX_DEPTH */
	bool has_item;      /* in the object or array that is open */
};

#define JSON_OUT_MAX_DEPTH 15

void json_out_open(struct json_out *, char bracket);  /* { or [ */
void json_out_close(struct json_out *, char bracket); /* } or ] */

/* Begin a member of an object, or an item of an array. */
void json_out_named(struct json_out *, struct slice name);
void json_out_item(struct json_out *);

/*
 * A value, after one of the two above; plain is a string that needs no
 * escapes, raw is JSON already.
 */
void json_out_string(struct json_out *, struct slice);
void json_out_plain(struct json_out *, struct slice);
void json_out_raw(struct json_out *, struct slice);

/* These stand here so that the lengths of names are known beforehand. */

static inline void
json_out_name(struct json_out *o, const char *name)
{
	json_out_named(o, slice_str(name));
}

/* Whole members. */

static inline void
json_out_string_member(struct json_out *o, const char *name, struct slice s)
{
	json_out_name(o, name);
	json_out_string(o, s);
}

static inline void
json_out_plain_member(struct json_out *o, const char *name, struct slice s)
{
	json_out_name(o, name);
	json_out_plain(o, s);
}

static inline void
json_out_int_member(struct json_out *o, const char *name, int64_t n)
{
	json_out_name(o, name);
	buf_add_int(o->buf, n);
}

static inline void
json_out_bool_member(struct json_out *o, const char *name, bool is)
{
	json_out_name(o, name);
	buf_add_str(o->buf, is ? "true" : "false");
}

#endif
