#include "config.h"

#include <nettle/base64.h>
#include <string.h>

#include "store/clock.h"
#include "store/event_line.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/name.h"

#define HEAD_BYTES 1024 /* names, quotes and numbers of a line */

/* Escaped, a byte becomes six at most. */
size_t
event_line_bound(size_t n)
{
	return 6 * (STREAM_MAX_META_NAME + EVENT_MAX_TYPE + n) + HEAD_BYTES;
}

/* The line is one level more, and is read by the same scanner. */
static bool
is_too_deep(struct slice json)
{
	size_t i, depth = 0;
	bool in_string = false;

	for (i = 0; i < json.n && depth < JSON_DEPTH_MAX; i++) {
		char c = json.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{'))
			depth++;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return depth == JSON_DEPTH_MAX;
}

/* JSON that stands on one line, without blanks around it. */
static bool
stands_as_it_is(struct slice bytes)
{
	struct json_value v;

	return memchr(bytes.p, '\n', bytes.n) == NULL &&
	       memchr(bytes.p, '\r', bytes.n) == NULL &&
	       json_parse(&v, bytes, NULL) && v.text.n == bytes.n &&
	       !is_too_deep(bytes);
}

static void
print_base64(struct buf *b, struct slice bytes)
{
	size_t n = BASE64_ENCODE_RAW_LENGTH(bytes.n);

	buf_add_char(b, '"');
	if (buf_reserve(b, n)) {
		base64_encode_raw(
		    b->p + b->n, bytes.n, (const uint8_t *)bytes.p);
		b->n += n;
	}
	buf_add_char(b, '"');
}

/* name begins the members' name, after a comma. */
static void
print_bytes(struct buf *b, const char *name, struct slice bytes)
{
	if (bytes.n == 0)
		return;
	buf_printf(b, ",\"%s", name);
	if (stands_as_it_is(bytes)) {
		buf_add_str(b, "\":");
		buf_add_slice(b, bytes);
	} else if (json_utf8_valid(bytes)) {
		buf_add_str(b, "Text\":");
		json_quote(b, bytes);
	} else {
		buf_add_str(b, "Base64\":");
		print_base64(b, bytes);
	}
}

static void
print_type(struct buf *b, struct slice type)
{
	if (json_utf8_valid(type)) {
		buf_add_str(b, ",\"type\":");
		json_quote(b, type);
	} else {
		buf_add_str(b, ",\"typeBase64\":");
		print_base64(b, type);
	}
}

static const char *
truth(unsigned int flag)
{
	return flag != 0 ? "true" : "false";
}

static void
print_event(struct buf *b, const struct event *ev)
{
	char text[CLOCK_TEXT_SIZE], id[GUID_TEXT_LEN + 1];

	guid_print(id, &ev->id);
	clock_print_whole(text, ev->created);
	buf_add_str(b, ",\"number\":");
	buf_add_int(b, ev->number);
	buf_printf(b, ",\"id\":\"%s\"", id);
	print_type(b, ev->type);
	buf_printf(b, ",\"created\":\"%s\",\"position\":", text);
	buf_add_int(b, (int64_t)ev->position);
	buf_printf(b, ",\"dataIsJson\":%s,\"metadataIsJson\":%s",
	    truth(ev->flags & EVENT_DATA_IS_JSON),
	    truth(ev->flags & EVENT_METADATA_IS_JSON));
	print_bytes(b, "metadata", ev->metadata);
	print_bytes(b, "data", ev->data);
}

void
event_line_print(struct buf *b, const struct event_line *l)
{
	buf_add_str(b, "{\"stream\":");
	json_quote(b, l->stream);
	if (l->is_next) {
		buf_add_str(b, ",\"nextNumber\":");
		buf_add_int(b, l->event.number);
	} else {
		print_event(b, &l->event);
	}
	buf_add_str(b, "}\n");
}

/* A line that is being read. */
struct reading {
	struct event_line *line;
	struct buf *memory; /* has room for all that the line says */
	struct json_value value;
	unsigned int seen; /* a bit for each thing below */
};

enum {
	SEEN_STREAM = 1,
	SEEN_NUMBER = 2,
	SEEN_ID = 4,
	SEEN_TYPE = 8,
	SEEN_CREATED = 16,
	SEEN_POSITION = 32,
	SEEN_DATA_FLAG = 64,
	SEEN_METADATA_FLAG = 128,
	SEEN_METADATA = 256,
	SEEN_DATA = 512,
	SEEN_NEXT = 1024
};

#define NEEDED                                                            \
	(SEEN_STREAM | SEEN_NUMBER | SEEN_ID | SEEN_TYPE | SEEN_CREATED | \
	    SEEN_DATA_FLAG | SEEN_METADATA_FLAG)
#define NEEDED_OF_NEXT (SEEN_STREAM | SEEN_NEXT)

static bool
read_text(struct reading *r, struct slice *out)
{
	size_t at = r->memory->n;

	if (r->value.kind != JSON_STRING)
		return false;
	json_unescape(r->memory, r->value.text);
	*out = slice(r->memory->p + at, r->memory->n - at);
	return true;
}

static bool
read_base64(struct reading *r, struct slice *out)
{
	struct base64_decode_ctx ctx;
	struct slice text;
	uint8_t *to;
	size_t n;

	if (!read_text(r, &text))
		return false;
	to = (uint8_t *)r->memory->p + r->memory->n;
	n = r->memory->size - r->memory->n;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, to, text.n, text.p) ||
	    !base64_decode_final(&ctx))
		return false;
	*out = slice(to, n);
	r->memory->n += n;
	return true;
}

static bool
read_number(struct reading *r, int64_t *out)
{
	struct slice t = r->value.text;
	int64_t n = 0;
	size_t i;

	if (r->value.kind != JSON_NUMBER)
		return false;
	for (i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9' ||
		    n > (INT64_MAX - (t.p[i] - '0')) / 10)
			return false;
		n = n * 10 + (t.p[i] - '0');
	}
	*out = n;
	return true;
}

static bool
read_flag(struct reading *r, unsigned int flag)
{
	if (r->value.kind != JSON_BOOL)
		return false;
	if (r->value.text.p[0] == 't')
		r->line->event.flags |= flag;
	return true;
}

static bool
read_stream(struct reading *r)
{
	const char *why;

	return read_text(r, &r->line->stream) &&
	       name_check(r->line->stream, &why);
}

static bool
read_event_number(struct reading *r)
{
	return read_number(r, &r->line->event.number);
}

static bool
read_next(struct reading *r)
{
	r->line->is_next = true;
	return read_number(r, &r->line->event.number) &&
	       r->line->event.number > 0 &&
	       r->line->event.number < EVENT_NUMBER_TOMB;
}

static bool
read_id(struct reading *r)
{
	struct slice text;

	return read_text(r, &text) && text.n == GUID_TEXT_LEN &&
	       guid_parse(&r->line->event.id, text);
}

static bool
fits_type(const struct reading *r)
{
	return r->line->event.type.n <= EVENT_MAX_TYPE;
}

static bool
read_type(struct reading *r)
{
	return read_text(r, &r->line->event.type) && fits_type(r);
}

static bool
read_type_base64(struct reading *r)
{
	return read_base64(r, &r->line->event.type) && fits_type(r);
}

static bool
read_created(struct reading *r)
{
	struct slice text;

	return read_text(r, &text) &&
	       clock_parse_whole(&r->line->event.created, text);
}

static bool
read_position(struct reading *r)
{
	int64_t n;

	if (!read_number(r, &n))
		return false;
	r->line->event.position = (uint64_t)n;
	return true;
}

static bool
read_data_flag(struct reading *r)
{
	return read_flag(r, EVENT_DATA_IS_JSON);
}

static bool
read_metadata_flag(struct reading *r)
{
	return read_flag(r, EVENT_METADATA_IS_JSON);
}

static bool
read_metadata(struct reading *r)
{
	r->line->event.metadata = r->value.text;
	return true;
}

static bool
read_metadata_text(struct reading *r)
{
	return read_text(r, &r->line->event.metadata);
}

static bool
read_metadata_base64(struct reading *r)
{
	return read_base64(r, &r->line->event.metadata);
}

static bool
read_data(struct reading *r)
{
	r->line->event.data = r->value.text;
	return true;
}

static bool
read_data_text(struct reading *r)
{
	return read_text(r, &r->line->event.data);
}

static bool
read_data_base64(struct reading *r)
{
	return read_base64(r, &r->line->event.data);
}

static const struct member {
	const char *name;
	unsigned int seen;
	bool (*read)(struct reading *);
	const char *must; /* what is wrong if it cannot be read */
} members[] = {
    {"stream", SEEN_STREAM, read_stream,
	"\"stream\" must be a stream's name: 1 to 1000 bytes, no controls"},
    {"number", SEEN_NUMBER, read_event_number,
	"\"number\" must be an integer from 0 on"},
    {"nextNumber", SEEN_NEXT, read_next,
	"\"nextNumber\" must be an integer from 1 on"},
    {"id", SEEN_ID, read_id, "\"id\" must be a UUID with hyphens"},
    {"type", SEEN_TYPE, read_type,
	"\"type\" must be a string of at most 1000 bytes"},
    {"typeBase64", SEEN_TYPE, read_type_base64,
	"\"typeBase64\" must be Base64 of at most 1000 bytes"},
    {"created", SEEN_CREATED, read_created,
	"\"created\" must be a time, YYYY-MM-DDThh:mm:ss.fffffffZ"},
    {"position", SEEN_POSITION, read_position,
	"\"position\" must be an integer from 0 on"},
    {"dataIsJson", SEEN_DATA_FLAG, read_data_flag,
	"\"dataIsJson\" must be true or false"},
    {"metadataIsJson", SEEN_METADATA_FLAG, read_metadata_flag,
	"\"metadataIsJson\" must be true or false"},
    {"metadata", SEEN_METADATA, read_metadata, ""},
    {"metadataText", SEEN_METADATA, read_metadata_text,
	"\"metadataText\" must be a string"},
    {"metadataBase64", SEEN_METADATA, read_metadata_base64,
	"\"metadataBase64\" must be Base64"},
    {"data", SEEN_DATA, read_data, ""},
    {"dataText", SEEN_DATA, read_data_text, "\"dataText\" must be a string"},
    {"dataBase64", SEEN_DATA, read_data_base64,
	"\"dataBase64\" must be Base64"},
};

static const struct member *
find_member(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (slice_is(name, members[i].name))
			return &members[i];
	return NULL;
}

static bool
read_members(struct reading *r, struct json_value line, const char **why)
{
	const struct member *m;
	struct json_iter it;
	struct slice name;

	json_iter_init(&it, line);
	while (json_iter_member(&it, &name, &r->value)) {
		*why = "it has a member that no event has";
		if ((m = find_member(name)) == NULL)
			return false;
		*why = "it says something twice";
		if ((r->seen & m->seen) != 0)
			return false;
		*why = m->must;
		if (!m->read(r))
			return false;
		r->seen |= m->seen;
	}
	return true;
}

bool
event_line_parse(struct event_line *l, struct slice line, struct buf *memory,
    const char **why)
{
	struct reading r = {.line = l, .memory = memory};
	struct json_value v;

	*l = (struct event_line){.is_next = false};
	*why = "it is not one JSON object";
	if (!json_parse(&v, line, NULL) || v.kind != JSON_OBJECT)
		return false;
	/* So that it never moves: nothing grows by being read, and what is
	 * Base64 stands there twice. */
	*why = "memory is out";
	buf_reset(memory);
	if (!buf_reserve(memory, 2 * line.n))
		return false;
	if (!read_members(&r, v, why))
		return false;
	*why = "a member is missing, or one too many";
	if (l->is_next)
		return r.seen == NEEDED_OF_NEXT;
	return (r.seen & NEEDED) == NEEDED;
}
