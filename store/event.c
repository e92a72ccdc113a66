#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "store/be.h"
#include "store/event.h"

#define AT_POSITION 0
#define AT_CREATED  8
#define AT_ID       16
#define AT_FLAGS    32
#define AT_TYPE_LEN 33
#define AT_DATA_LEN 35

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
	size_t len = EVENT_HEAD_SIZE + e->type.n + e->data.n + e->metadata.n;
	unsigned char *r = malloc(len), *p;

	assert(e->type.n <= EVENT_MAX_TYPE && e->data.n <= UINT32_MAX);
	*ne = (struct new_event){.id = e->id, .record = r, .record_len = len};
	if (r == NULL)
		return ERR_NO_MEMORY;
	memset(r, 0, EVENT_HEAD_SIZE);
	memcpy(r + AT_ID, e->id.b, sizeof(e->id.b));
	r[AT_FLAGS] = (unsigned char)e->flags;
	r[AT_TYPE_LEN] = (unsigned char)(e->type.n >> 8);
	r[AT_TYPE_LEN + 1] = (unsigned char)e->type.n;
	be_put32(r + AT_DATA_LEN, (uint32_t)e->data.n);
	p = append(r + EVENT_HEAD_SIZE, e->type);
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
	be_put64(ne->record + AT_POSITION, position);
	be_put64(ne->record + AT_CREATED, (uint64_t)created);
}

enum err
event_decode(struct event *e, struct slice record)
{
	const unsigned char *r = (const unsigned char *)record.p;
	size_t type_len, data_len, left;

	if (record.n < EVENT_HEAD_SIZE)
		return ERR_CORRUPT;
	type_len = (size_t)r[AT_TYPE_LEN] << 8 | r[AT_TYPE_LEN + 1];
	data_len = be_get32(r + AT_DATA_LEN);
	left = record.n - EVENT_HEAD_SIZE;
	if (type_len > left || data_len > left - type_len)
		return ERR_CORRUPT;
	e->position = be_get64(r + AT_POSITION);
	e->created = (int64_t)be_get64(r + AT_CREATED);
	memcpy(e->id.b, r + AT_ID, sizeof(e->id.b));
	e->flags = r[AT_FLAGS];
	e->type = slice(record.p + EVENT_HEAD_SIZE, type_len);
	e->data = slice(e->type.p + type_len, data_len);
	e->metadata = slice(e->data.p + data_len, left - type_len - data_len);
	return ERR_OK;
}

bool
event_is_json(const struct event *e)
{
	return (e->flags & (EVENT_DATA_IS_JSON | EVENT_METADATA_IS_JSON)) != 0;
}
