#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "store/be.h"
#include "store/event.h"
#include "store/varint.h"

#define AT_POSITION 0
#define AT_CREATED  6
#define AT_ID       14
#define AT_FLAGS    30
#define AT_LENGTHS  31

static unsigned char *
append(unsigned char *p, struct slice s)
{
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

enum err
new_event_init(struct new_event *ne, const struct event *e)
{
	size_t len = event_record_size(e);
	unsigned char *r = malloc(len), *p;

	assert(e->type.n <= EVENT_MAX_TYPE && e->data.n <= UINT32_MAX);
	*ne = (struct new_event){.id = e->id, .record = r, .record_len = len};
	if (r == NULL)
		return ERR_NO_MEMORY;
	memset(r, 0, AT_ID);
	memcpy(r + AT_ID, e->id.b, sizeof(e->id.b));
	r[AT_FLAGS] = (unsigned char)e->flags;
	p = varint_put(r + AT_LENGTHS, e->type.n);
	p = varint_put(p, e->data.n);
	p = append(p, e->type);
	p = append(p, e->data);
	append(p, e->metadata);
	return ERR_OK;
}

void
new_event_fini(struct new_event *ne)
{
	free(ne->record);
	ne->record = NULL;
}

void
new_event_place(struct new_event *ne, uint64_t position, int64_t created)
{
	assert(position < EVENT_POSITION_END);
	be_put48(ne->record + AT_POSITION, position);
	be_put64(ne->record + AT_CREATED, (uint64_t)created);
}

uint64_t
event_position(const unsigned char *record)
{
	return be_get48(record + AT_POSITION);
}

size_t
event_record_size(const struct event *e)
{
	return AT_LENGTHS + varint_size(e->type.n) + varint_size(e->data.n) +
	       e->type.n + e->data.n + e->metadata.n;
}

enum err
event_decode(struct event *e, struct slice record)
{
	const unsigned char *r = (const unsigned char *)record.p;
	uint64_t type_len, data_len;
	struct slice rest;

	if (record.n < EVENT_LEAST_HEAD)
		return ERR_CORRUPT;
	rest = slice_from(record, AT_LENGTHS);
	if (!varint_take(&rest, &type_len) || !varint_take(&rest, &data_len))
		return ERR_CORRUPT;
	if (type_len > rest.n || data_len > rest.n - type_len)
		return ERR_CORRUPT;
	e->position = event_position(r);
	e->created = (int64_t)be_get64(r + AT_CREATED);
	memcpy(e->id.b, r + AT_ID, sizeof(e->id.b));
	e->flags = r[AT_FLAGS];
	e->type = slice(rest.p, type_len);
	rest = slice_from(rest, type_len);
	e->data = slice(rest.p, data_len);
	e->metadata = slice_from(rest, data_len);
	return ERR_OK;
}

bool
event_is_json(const struct event *e)
{
	return (e->flags & (EVENT_DATA_IS_JSON | EVENT_METADATA_IS_JSON)) != 0;
}
