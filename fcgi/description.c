#include "config.h"

#include "fcgi/description.h"
#include "fcgi/json_out.h"
#include "fcgi/request.h"

#define EXPLANATION                                                  \
	"The description document will be presented when no accept " \
	"header is present or it was requested"

static const char *const own_types[] = {
    "application/vnd.eventstore.streamdesc+json"};
static const char *const stream_types[] = {
    "application/atom+xml", "application/vnd.eventstore.atom+json"};

/* A member with an address, relative to the root, and its types. */
static void
print_resource(
    struct json_out *o, struct slice stream, const char *const *types, size_t n)
{
	size_t i;

	json_out_open(o, '{');
	json_out_name(o, "href");
	buf_add_str(o->buf, "\"/streams/");
	uri_escape(o->buf, stream);
	buf_add_char(o->buf, '"');
	json_out_name(o, "supportedContentTypes");
	json_out_open(o, '[');
	for (i = 0; i < n; i++) {
		json_out_item(o);
		json_out_string(o, slice_str(types[i]));
	}
	json_out_close(o, ']');
	json_out_close(o, '}');
}

void
description_serve(struct request *r, struct slice stream)
{
	struct json_out o = {.buf = &r->reply.body};
	struct buf title = {0};

	r->reply.content_type = media_content_type(r->wanted);
	buf_add_str(&title, "Description document for '");
	buf_add_slice(&title, stream);
	buf_add_char(&title, '\'');
	json_out_open(&o, '{');
	json_out_string_member(&o, "title", buf_slice(&title));
	json_out_string_member(&o, "description", slice_str(EXPLANATION));
	json_out_name(&o, "_links");
	json_out_open(&o, '{');
	json_out_name(&o, "self");
	print_resource(&o, stream, own_types, 1);
	json_out_name(&o, "stream");
	print_resource(&o, stream, stream_types, 2);
	json_out_close(&o, '}');
	json_out_close(&o, '}');
	buf_fini_part(&title, o.buf);
}
