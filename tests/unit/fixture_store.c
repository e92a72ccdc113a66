#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/env.h"
#include "store/identity.h"
#include "store/log.h"
#include "store/name.h"
#include "store/tbl_counters.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"
#include "tests/unit/fixture_store.h"

#define CACHE_BYTES (16u << 20)

void
fixture_make_dir(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || strlen(tmp) + 16 > sizeof(f->dir))
		tmp = "/tmp";
	snprintf(f->dir, sizeof(f->dir), "%s/rill.XXXXXX", tmp);
	assert_non_null(mkdtemp(f->dir));
}

void
fixture_remove_dir(struct fixture *f)
{
	DIR *d = opendir(f->dir);
	struct dirent *entry;
	char *path;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		path = xasprintf("%s/%s", f->dir, entry->d_name);
		unlink(path);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(f->dir);
}

static enum err
open_env(struct fixture *f, bool sync)
{
	struct env_options o = {.dir = f->dir,
	    .cache_bytes = CACHE_BYTES,
	    .recover = true,
	    .sync = sync};

	return env_open(&f->env, &o);
}

enum err
fixture_env_open(struct fixture *f)
{
	return open_env(f, true);
}

static int
setup(void **state, bool sync)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	log_init("test", LOG_LEVEL_ERROR);
	fixture_make_dir(f);
	*state = f;
	return open_env(f, sync) == ERR_OK ? 0 : -1;
}

int
fixture_env_setup(void **state)
{
	return setup(state, false);
}

int
fixture_env_setup_sync(void **state)
{
	return setup(state, true);
}

int
fixture_env_teardown(void **state)
{
	struct fixture *f = *state;

	env_close(&f->env);
	fixture_remove_dir(f);
	free(f);
	return 0;
}

enum err
fixture_run(struct fixture *f, enum txn_kind kind, txn_body_f *body, void *arg)
{
	if (f->env != NULL)
		return txn_run_once(f->env, kind, body, arg);
	return txn_run(f->store, kind, body, arg);
}

struct request {
	struct append *a;
	int64_t now;
};

/* What the writer does, for one request. */
static enum err
apply(struct txn *tx, void *arg)
{
	struct request *r = arg;
	struct counters counters;
	struct append_batch batch = {.next = &counters, .now = r->now};
	uint64_t before;
	enum err e;

	if ((e = tbl_counters_get_for_update(tx, &counters)) != ERR_OK)
		return e;
	before = counters.position;
	if ((e = append_apply(tx, r->a, &batch)) != ERR_OK)
		return e;
	return counters.position == before ? ERR_OK
					   : tbl_counters_put(tx, &counters);
}

enum err
fixture_write(struct fixture *f, struct append *a)
{
	struct request r = {a, f->now == 0 ? clock_now_ticks() : f->now};
	enum err e;

	if (f->env == NULL)
		e = stream_append(f->store, a);
	else
		e = txn_run_once(f->env, TXN_WRITE, apply, &r);
	f->failure = e;
	if (e != ERR_OK)
		a->outcome = e;
	return a->outcome;
}

/* Write a batch of which everything but the events is in *a. */
static void
write_events(struct fixture *f, struct append *a, const struct event *evs)
{
	size_t i;

	a->events = xcalloc(a->n, sizeof(*a->events));
	for (i = 0; i < a->n; i++)
		assert_int_equal(
		    new_event_init(&a->events[i], &evs[i]), ERR_OK);
	fixture_write(f, a);
	for (i = 0; i < a->n; i++)
		new_event_fini(&a->events[i]);
	free(a->events);
	a->events = NULL;
}

struct append
fixture_post(
    struct fixture *f, const char *stream, int64_t expected, const char *ids)
{
	struct append a = {.stream = slice_str(stream),
	    .who = identity_server(),
	    .expected = expected,
	    .n = strlen(ids)};
	struct event *evs = xcalloc(a.n, sizeof(*evs));
	size_t i;

	for (i = 0; i < a.n; i++)
		evs[i] = (struct event){.id = fixture_id(ids[i]),
		    .flags = EVENT_DATA_IS_JSON,
		    .type = slice_str("test"),
		    .data = slice_str("{\"a\":1}")};
	write_events(f, &a, evs);
	free(evs);
	return a;
}

struct append
fixture_put(struct fixture *f, const char *stream, const struct event *ev)
{
	struct append a = {.stream = slice_str(stream),
	    .who = identity_server(),
	    .expected = EXPECT_ANY,
	    .n = 1};

	write_events(f, &a, ev);
	return a;
}

struct append
fixture_describe(struct fixture *f, const char *stream, const char *document)
{
	char *name = xasprintf("$$%s", stream);
	struct event ev = {.flags = EVENT_DATA_IS_JSON,
	    .type = slice_str("$metadata"),
	    .data = slice_str(document)};
	struct append a;

	guid_random(&ev.id);
	a = fixture_put(f, name, &ev);
	a.stream = slice("", 0);
	free(name);
	return a;
}

struct append
fixture_delete(struct fixture *f, const char *stream, enum append_kind kind,
    int64_t expected)
{
	struct append a = {.kind = kind,
	    .stream = slice_str(stream),
	    .who = identity_server(),
	    .expected = expected};

	guid_random(&a.deletion);
	fixture_write(f, &a);
	return a;
}

struct append
fixture_fill(struct fixture *f, const char *stream, size_t n, size_t size)
{
	struct append a = {.stream = slice_str(stream),
	    .who = identity_server(),
	    .expected = EXPECT_ANY,
	    .n = n};
	struct event *evs = xcalloc(n, sizeof(*evs));
	char *data = xmalloc(size);
	size_t i;

	memset(data, 'x', size);
	for (i = 0; i < n; i++) {
		evs[i].type = slice_str("fill");
		evs[i].data = slice(data, size);
		guid_random(&evs[i].id);
	}
	write_events(f, &a, evs);
	free(data);
	free(evs);
	return a;
}

struct guid
fixture_id(char name)
{
	struct guid id = {{0}};

	memset(id.b, 0x11, sizeof(id.b) - 1);
	id.b[sizeof(id.b) - 1] = (unsigned char)name;
	return id;
}

char
fixture_id_name(const struct guid *id)
{
	char name = (char)id->b[sizeof(id->b) - 1];
	struct guid named = fixture_id(name);

	return guid_cmp(id, &named) == 0 ? name : '*';
}

const char *
fixture_page_ids(struct fixture *f, struct page *pg)
{
	size_t i;

	assert_true(page_count(pg) < FIXTURE_IDS);
	for (i = 0; i < page_count(pg); i++)
		f->ids[i] = fixture_id_name(&page_entry(pg, i)->event.id);
	f->ids[i] = '\0';
	return f->ids;
}

struct reading {
	struct slice stream;
	struct stream_range range;
	struct page *page;
};

static enum err
read_raw(struct txn *tx, void *arg)
{
	struct reading *r = arg;
	struct stream_record record;
	struct events_range range = {0};
	enum err e;

	page_reset(r->page);
	e = tbl_streams_get(tx, r->stream, &record);
	if (e == ERR_NO_STREAM || (e == ERR_OK && record.last < 0))
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	range.stream_id = record.id;
	range.to = record.last;
	return tbl_events_read(tx, r->page, &range);
}

const char *
fixture_ids(struct fixture *f, const char *stream)
{
	struct reading r = {.stream = slice_str(stream), .page = page_new()};
	size_t i;

	assert_int_equal(fixture_run(f, TXN_READ, read_raw, &r), ERR_OK);
	for (i = 0; i < page_count(r.page); i++)
		assert_int_equal(page_entry(r.page, i)->event.number, i);
	fixture_page_ids(f, r.page);
	page_free(&r.page);
	return f->ids;
}

static enum err
read_shown(struct txn *tx, void *arg)
{
	struct reading *r = arg;
	struct stream s;
	enum err e;

	page_reset(r->page);
	if ((e = stream_lookup(tx, r->stream, &s)) != ERR_OK)
		return e;
	return stream_page(tx, &s, &r->range, r->page);
}

enum err
fixture_read(struct fixture *f, const char *stream, struct stream_range range,
    struct page *pg)
{
	struct reading r = {
	    .stream = slice_str(stream), .range = range, .page = pg};

	return fixture_run(f, TXN_READ, read_shown, &r);
}

static enum err
read_end(struct txn *tx, void *arg)
{
	return stream_end(tx, arg);
}

uint64_t
fixture_end(struct fixture *f)
{
	uint64_t end = 0;

	assert_int_equal(fixture_run(f, TXN_READ, read_end, &end), ERR_OK);
	return end;
}

static void
show_fault(void *arg, const char *sentence)
{
	(void)arg;
	print_message("# %s\n", sentence);
}

uint64_t
fixture_faults(struct fixture *f)
{
	struct verify v = {.on_fault = show_fault};

	assert_int_equal(f->env != NULL ? verify_env(f->env, &v)
					: verify_store(f->store, &v),
	    ERR_OK);
	return v.faults;
}
