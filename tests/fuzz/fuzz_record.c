#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/buf.h"
#include "store/env_log.h"
#include "store/event_key.h"
#include "store/tbl.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "tests/unit/fixture_store.h"

/* So many transactions leave few log files behind. */
#define TIDY_EVERY 8192

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void *fixture;
static struct page *page;

static void
remove_fixture(void)
{
	page_free(&page);
	fixture_env_teardown(&fixture);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	assert(fixture_env_setup(&fixture) == 0);
	page = page_new();
	atexit(remove_fixture);
	return 0;
}

static void
touch(struct slice s)
{
	static volatile char sum;
	size_t i;

	for (i = 0; i < s.n; i++)
		sum = (char)(sum + s.p[i]);
}

/* A record that decodes is the one that is made of its parts. */
static void
check_event(struct slice record)
{
	struct event ev;

	if (event_decode(&ev, record) != ERR_OK)
		return;
	touch(ev.type);
	touch(ev.data);
	touch(ev.metadata);
	assert(event_record_size(&ev) == record.n);
}

/* A key that is read is the only one of its event. */
static void
check_key(struct slice key)
{
	unsigned char again[EVENT_KEY_MOST];
	uint64_t stream_id;
	int64_t number;

	if (event_key_read(key, &stream_id, &number) != ERR_OK)
		return;
	assert(slice_eq(
	    slice(again, event_key_put(again, stream_id, number)), key));
}

static void
check_settings(struct slice record)
{
	unsigned char again[SETTINGS_MAX_SIZE];
	struct settings s;

	if (settings_decode(&s, record) != ERR_OK)
		return;
	touch(s.acl);
	if (s.acl.n > SETTINGS_MAX_ACL)
		return;
	assert(slice_eq(slice(again, settings_encode(again, &s)), record));
}

/* As a damaged disk might give it back: the value of a key of each table. */
static enum err
put(struct txn *tx, enum table t, struct slice key, struct slice value)
{
	DBT k = tbl_dbt(key.p, key.n), v = tbl_dbt(value.p, value.n);

	return tbl_put(tx, t, &k, &v);
}

static void
read_streams(struct txn *tx, struct slice value)
{
	struct stream_record s;
	enum err e;

	if (put(tx, TABLE_STREAMS, slice_str("s"), value) != ERR_OK)
		return;
	e = tbl_streams_get(tx, slice_str("s"), &s);
	assert(e == ERR_OK || e == ERR_CORRUPT);
	if (e == ERR_OK)
		touch(s.settings.acl);
}

static void
read_events(struct txn *tx, struct slice value)
{
	static const char key[2]; /* event 0 of stream 0 */
	struct events_range first = {0};
	uint64_t position;
	struct event ev;
	enum err e;

	if (put(tx, TABLE_EVENTS, slice(key, sizeof(key)), value) != ERR_OK)
		return;
	page_reset(page);
	e = tbl_events_get(tx, page, &first, &ev);
	assert(e == ERR_OK || e == ERR_CORRUPT);
	assert(tbl_events_read(tx, page, &first) == e);
	assert(page_count(page) == 1 || e != ERR_OK);
	e = tbl_events_position(tx, 0, 0, &position);
	assert(e == ERR_OK || e == ERR_CORRUPT);
}

static void
read_all(struct txn *tx, struct slice value)
{
	static const char key[1]; /* position 0 */
	struct all_row row;
	size_t n = 1;
	enum err e;

	if (put(tx, TABLE_ALL, slice(key, sizeof(key)), value) != ERR_OK)
		return;
	e = tbl_all_read(tx, 0, &row, &n);
	assert((e == ERR_OK && n == 1) || e == ERR_CORRUPT);
}

/* Nothing of it stays. */
static enum err
read_tables(struct txn *tx, void *arg)
{
	struct slice value = *(struct slice *)arg;

	read_streams(tx, value);
	read_events(tx, value);
	read_all(tx, value);
	return ERR_INVALID;
}

static void
tidy(void)
{
	struct fixture *f = fixture;
	static unsigned int count;
	const struct env_log_need nobody = {.from_file = UINT32_MAX};
	unsigned int removed;

	if (++count % TIDY_EVERY != 0)
		return;
	assert(env_checkpoint(f->env, 0) == ERR_OK);
	assert(env_remove_logs(f->env, &nobody, &removed) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice record = slice(n == 0 ? "" : (const char *)data, n);
	enum err e;

	check_event(record);
	check_key(record);
	check_settings(record);
	e = fixture_run(fixture, TXN_WRITE, read_tables, &record);
	assert(e == ERR_INVALID);
	tidy();
	return 0;
}
