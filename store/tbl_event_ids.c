#include "config.h"

#include <string.h>

#include "store/be.h"
#include "store/tbl.h"
#include "store/tbl_event_ids.h"

#define KEY_SIZE   24
#define VALUE_SIZE 8

static void
make_key(unsigned char out[KEY_SIZE], uint64_t stream_id, const struct guid *id)
{
	be_put64(out, stream_id);
	memcpy(out + 8, id->b, sizeof(id->b));
}

enum err
tbl_event_ids_get(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t *number)
{
	unsigned char raw_key[KEY_SIZE], raw[VALUE_SIZE];
	struct tbl_value v = {.value = raw, .size = sizeof(raw)};
	DBT key = tbl_dbt(raw_key, sizeof(raw_key));
	enum err e;

	make_key(raw_key, stream_id, id);
	if ((e = tbl_get(tx, TABLE_EVENT_IDS, &key, &v)) != ERR_OK)
		return e;
	if (v.n != VALUE_SIZE)
		return ERR_CORRUPT;
	*number = (int64_t)be_get64(raw);
	return ERR_OK;
}

enum err
tbl_event_ids_insert(
    struct txn *tx, uint64_t stream_id, const struct guid *id, int64_t number)
{
	unsigned char raw_key[KEY_SIZE], raw[VALUE_SIZE];
	DBT key = tbl_dbt(raw_key, sizeof(raw_key)),
	    value = tbl_dbt(raw, sizeof(raw));

	make_key(raw_key, stream_id, id);
	be_put64(raw, (uint64_t)number);
	return tbl_insert(tx, TABLE_EVENT_IDS, &key, &value);
}
