#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fcgi/gossip.h"
#include "fcgi/json_out.h"
#include "fcgi/xml_out.h"
#include "store/buf.h"
#include "store/clock.h"
#include "store/guid.h"

#define NO_EPOCH "00000000-0000-0000-0000-000000000000"

struct endpoint {
	struct slice host; /* without brackets */
	int64_t port;
};

enum kind { KIND_TEXT, KIND_NUMBER, KIND_BOOL, KIND_GUID, KIND_TIME };

/* One field of a member; its name is that of JSON. */
struct field {
	const char *name;
	enum kind kind;
	struct slice text; /* of KIND_TEXT and KIND_GUID */
	int64_t number;    /* of the other kinds */
};

#define MAX_FIELDS 21
struct fields {
	struct field all[MAX_FIELDS];
	size_t n;
};

static struct endpoint
address_of(struct slice host_port, int64_t default_port)
{
	struct endpoint a = {host_port, default_port};
	const char *end = memchr(host_port.p, ']', host_port.n), *colon;
	size_t from = end == NULL ? 0 : (size_t)(end - host_port.p);

	colon = memchr(host_port.p + from, ':', host_port.n - from);
	if (colon != NULL) {
		a.port = strtoll(colon + 1, NULL, 10);
		a.host.n = (size_t)(colon - host_port.p);
	}
	if (a.host.n >= 2 && a.host.p[0] == '[')
		a.host = slice(a.host.p + 1, a.host.n - 2);
	return a;
}

/* scheme://host[:port][/path], as conf has checked it. */
static struct endpoint
address_of_url(struct slice url)
{
	bool is_https = url.n > 5 && url.p[4] == 's';
	struct slice rest = slice_from(url, is_https ? 8 : 7);
	const char *slash = memchr(rest.p, '/', rest.n);

	if (slash != NULL)
		rest.n = (size_t)(slash - rest.p);
	return address_of(rest, is_https ? 443 : 80);
}

static void
add(struct fields *f, struct field field)
{
	assert(f->n < MAX_FIELDS);
	f->all[f->n++] = field;
}

static void
add_text(struct fields *f, const char *name, struct slice text)
{
	add(f, (struct field){name, KIND_TEXT, text, 0});
}

static void
add_guid(struct fields *f, const char *name, struct slice text)
{
	add(f, (struct field){name, KIND_GUID, text, 0});
}

static void
add_number(struct fields *f, const char *name, int64_t number)
{
	add(f, (struct field){name, KIND_NUMBER, slice_str(""), number});
}

static void
add_tcp(struct fields *f, const struct gossip_member *m)
{
	struct endpoint a = address_of_url(m->url);

	a.port = 0;
	if (m->listen.n > 0)
		a = address_of(m->listen, 0);
	add_text(f, "internalTcpIp", a.host);
	add_number(f, "internalTcpPort", a.port);
	add_number(f, "internalSecureTcpPort", 0);
	add_text(f, "externalTcpIp", a.host);
	add_number(f, "externalTcpPort", 0);
	add_number(f, "externalSecureTcpPort", 0);
}

static void
add_http(struct fields *f, const struct gossip_member *m)
{
	struct endpoint a = address_of_url(m->url);

	add_text(f, "internalHttpIp", a.host);
	add_number(f, "internalHttpPort", a.port);
	add_text(f, "externalHttpIp", a.host);
	add_number(f, "externalHttpPort", a.port);
}

static void
add_positions(struct fields *f, const struct gossip_member *m)
{
	add_number(f, "lastCommitPosition", m->position);
	add_number(f, "writerCheckpoint", m->position);
	add_number(f, "chaserCheckpoint", m->position);
	add_number(f, "epochPosition", 0);
	add_number(f, "epochNumber", 0);
	add_guid(f, "epochId", slice_str(NO_EPOCH));
	add_number(f, "nodePriority", 0);
}

/* A member's id is the same whoever prints it: it is made of its address. */
static void
collect(
    struct fields *f, const struct gossip_member *m, char id[GUID_TEXT_LEN + 1])
{
	struct guid guid;

	guid_from_name(&guid, m->listen.n > 0 ? m->listen : m->url);
	guid_print(id, &guid);
	f->n = 0;
	add_guid(f, "instanceId", slice_str(id));
	add(f, (struct field){"timeStamp", KIND_TIME, slice_str(""), m->seen});
	add_text(f, "state", slice_str(m->state));
	add(f,
	    (struct field){"isAlive", KIND_BOOL, slice_str(""), m->is_alive});
	add_tcp(f, m);
	add_http(f, m);
	add_positions(f, m);
}

static void
json_field(struct json_out *o, const struct field *f)
{
	char time[CLOCK_TEXT_SIZE];

	switch (f->kind) {
	case KIND_TEXT:
	case KIND_GUID:
		json_out_string_member(o, f->name, f->text);
		break;
	case KIND_NUMBER:
		json_out_int_member(o, f->name, f->number);
		break;
	case KIND_BOOL:
		json_out_bool_member(o, f->name, f->number != 0);
		break;
	case KIND_TIME:
		clock_print(time, f->number);
		json_out_string_member(o, f->name, slice_str(time));
		break;
	}
}

static void
json_member(struct json_out *o, const struct gossip_member *m)
{
	char id[GUID_TEXT_LEN + 1];
	struct fields f;
	size_t i;

	collect(&f, m, id);
	json_out_item(o);
	json_out_open(o, '{');
	for (i = 0; i < f.n; i++)
		json_field(o, &f.all[i]);
	json_out_close(o, '}');
}

static void
print_json(struct buf *b, const struct gossip *g)
{
	struct endpoint self = address_of_url(g->url);
	struct json_out o = {.buf = b};
	size_t i;

	json_out_open(&o, '{');
	json_out_name(&o, "members");
	json_out_open(&o, '[');
	for (i = 0; i < g->n; i++)
		json_member(&o, &g->members[i]);
	json_out_close(&o, ']');
	json_out_string_member(&o, "serverIp", self.host);
	json_out_int_member(&o, "serverPort", self.port);
	json_out_close(&o, '}');
}

static const char *
xml_value(const struct field *f, char room[CLOCK_TEXT_SIZE])
{
	switch (f->kind) {
	case KIND_NUMBER:
		snprintf(room, CLOCK_TEXT_SIZE, "%" PRId64, f->number);
		return room;
	case KIND_BOOL:
		return f->number != 0 ? "true" : "false";
	case KIND_TIME:
		clock_print(room, f->number);
		return room;
	case KIND_TEXT:
	case KIND_GUID:
		break;
	}
	return NULL; /* its text */
}

/* The names of XML and text begin with a capital. */
static void
capitalize(char name[64], const struct field *f)
{
	snprintf(name, 64, "%s", f->name);
	name[0] = (char)toupper((unsigned char)name[0]);
}

static void
xml_field(struct buf *b, const struct field *f)
{
	char name[64], room[CLOCK_TEXT_SIZE];
	const char *value = xml_value(f, room);

	capitalize(name, f);
	xml_out_element(b, name, value == NULL ? f->text : slice_str(value));
}

static void
xml_member(struct buf *b, const struct gossip_member *m)
{
	char id[GUID_TEXT_LEN + 1];
	struct fields f;
	size_t i;

	collect(&f, m, id);
	buf_add_str(b, "<MemberInfoDto>");
	for (i = 0; i < f.n; i++)
		xml_field(b, &f.all[i]);
	buf_add_str(b, "</MemberInfoDto>");
}

static void
print_xml(struct buf *b, const struct gossip *g)
{
	struct endpoint self = address_of_url(g->url);
	size_t i;

	buf_add_str(b, XML_OUT_DECLARATION "<ClusterInfoDto><Members>");
	for (i = 0; i < g->n; i++)
		xml_member(b, &g->members[i]);
	buf_add_str(b, "</Members>");
	xml_out_element(b, "ServerIp", self.host);
	buf_printf(b, "<ServerPort>%" PRId64 "</ServerPort></ClusterInfoDto>",
	    self.port);
}

/* Such as 2026-11-22 03:08:36.019. */
static void
text_time(struct buf *b, int64_t ticks)
{
	int64_t ms = ticks / (CLOCK_TICKS_PER_S / 1000) % 1000;
	char time[CLOCK_TEXT_SIZE];

	clock_print(time, ticks);
	buf_printf(b, "%.10s %.8s.%03" PRId64, time, time + 11, ms);
}

static void
text_field(struct buf *b, const struct field *f)
{
	char name[64];

	capitalize(name, f);
	buf_printf(b, "%s: ", name);
	switch (f->kind) {
	case KIND_TEXT:
		buf_add_slice(b, f->text);
		break;
	case KIND_GUID:
		buf_add_char(b, '{');
		buf_add_slice(b, f->text);
		buf_add_char(b, '}');
		break;
	case KIND_NUMBER:
		buf_add_int(b, f->number);
		break;
	case KIND_BOOL:
		buf_add_str(b, f->number != 0 ? "True" : "False");
		break;
	case KIND_TIME:
		text_time(b, f->number);
		break;
	}
}

static void
text_member(struct buf *b, const struct gossip_member *m)
{
	char id[GUID_TEXT_LEN + 1];
	struct fields f;
	size_t i;

	collect(&f, m, id);
	for (i = 0; i < f.n; i++) {
		if (i > 0)
			buf_add_str(b, ", ");
		text_field(b, &f.all[i]);
	}
}

static void
print_text(struct buf *b, const struct gossip *g)
{
	struct endpoint self = address_of_url(g->url);
	size_t i;

	buf_add_str(b, "Server: ");
	buf_add_slice(b, self.host);
	buf_printf(b, ":%" PRId64 ", Members: [", self.port);
	for (i = 0; i < g->n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		text_member(b, &g->members[i]);
	}
	buf_add_char(b, ']');
}

void
gossip_print(struct buf *b, const struct gossip *g, enum media type)
{
	if (type == MEDIA_TEXT)
		print_text(b, g);
	else if (media_is_xml(type))
		print_xml(b, g);
	else
		print_json(b, g);
}
