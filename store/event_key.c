#include "config.h"

#include "store/event_key.h"

size_t
event_key_put(
    unsigned char out[EVENT_KEY_MOST], uint64_t stream_id, int64_t number)
{
	unsigned char *end = varint_put(out, stream_id);

	return (size_t)(varint_put(end, (uint64_t)number) - out);
}

enum err
event_key_read(struct slice key, uint64_t *stream_id, int64_t *number)
{
	if (!varint_take(&key, stream_id) ||
	    !varint_take_number(&key, number) || key.n > 0)
		return ERR_CORRUPT;
	return ERR_OK;
}
