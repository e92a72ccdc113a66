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
	unsigned int depth;
	bool has_item; /* in the object or array that is open */
};

void json_out_open(struct json_out *, char bracket);  /* { or [ */
void json_out_close(struct json_out *, char bracket); /* } or ] */

/* Begin a member of an object, or an item of an array. */
void json_out_name(struct json_out *, const char *name);
void json_out_item(struct json_out *);

/* A value, after one of the two above; raw is JSON already. */
void json_out_string(struct json_out *, struct slice);
void json_out_raw(struct json_out *, struct slice);

/* Whole members. */
void json_out_string_member(struct json_out *, const char *, struct slice);
void json_out_int_member(struct json_out *, const char *, int64_t);
void json_out_bool_member(struct json_out *, const char *, bool);

#endif
