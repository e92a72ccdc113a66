#include "config.h"

#include <assert.h>

#include "store/access.h"
#include "store/append.h"
#include "store/buf.h"
#include "store/name.h"
#include "store/page.h"
#include "store/settings.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_event_ids.h"
#include "store/tbl_events.h"
#include "store/tbl_streams.h"

/* A stream's record as it is worked on. */
struct target {
	struct slice name;
	struct stream_record record;
	bool is_new;
};

struct work {
	struct txn *tx;
	struct append *a;
	const struct append_batch *batch;
	struct target stream;
	struct target base; /* of a metastream; name empty: there is none */
};

enum verdict { WRITE, REPEAT, WRONG_VERSION, DELETED, DENIED, TOO_LARGE };

/* A stream that is not there is made ready to be written. */
static enum err
target_load(struct work *w, struct target *t, struct slice name)
{
	enum err e;

	t->name = name;
	t->is_new = false;
	e = tbl_streams_get_for_update(w->tx, name, &t->record);
	if (e != ERR_NO_STREAM)
		return e;
	t->is_new = true;
	tbl_streams_init(&t->record);
	return ERR_OK;
}

static enum err
target_save(struct work *w, struct target *t)
{
	enum err e;

	if (t->is_new) {
		if (t->record.id == 0)
			t->record.id = w->batch->next->stream_id++;
		e = tbl_streams_put_name(w->tx, t->record.id, t->name);
		if (e != ERR_OK)
			return e;
		t->is_new = false;
	}
	return tbl_streams_put(w->tx, t->name, &t->record);
}

static bool
is_soft_deleted(const struct target *t)
{
	return settings_soft_deleted(&t->record.settings);
}

/* ERR_NO_EVENT: the stream does not know the request's ith event id. */
static enum err
find_id(struct work *w, size_t i, int64_t *number)
{
	const struct target *t = &w->stream;

	if (t->record.last == EVENT_NUMBER_NONE)
		return ERR_NO_EVENT;
	return tbl_event_ids_get(
	    w->tx, t->record.id, &w->a->events[i].id, number);
}

/* WRITE if no id from the ith on is known, else WRONG_VERSION. */
static enum err
expect_unknown(struct work *w, size_t i, enum verdict *v)
{
	int64_t number;
	enum err e = ERR_NO_EVENT;

	for (; i < w->a->n && e == ERR_NO_EVENT; i++)
		e = find_id(w, i, &number);
	*v = e == ERR_OK ? WRONG_VERSION : WRITE;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/*
 * Any version will do: all ids are known, or none is.  A repeat answers
 * with the number under which its first event is stored.
 */
static enum err
judge_any(struct work *w, enum verdict *v)
{
	int64_t number = 0;
	size_t i;
	enum err e;

	if ((e = find_id(w, 0, &w->a->first)) == ERR_NO_EVENT)
		return expect_unknown(w, 1, v);
	for (i = 0; i < w->a->n && e == ERR_OK; i++)
		e = find_id(w, i, &number);
	*v = e == ERR_OK ? REPEAT : WRONG_VERSION;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/*
 * Where the events of a repeat stand: behind the expected version; but what
 * made a soft-deleted stream anew, as if there was none, stands behind what
 * was there before.
 */
static bool
may_begin_at(const struct work *w, int64_t number)
{
	return number == w->a->expected + 1 ||
	       (w->a->expected == EXPECT_NO_STREAM &&
		   number == w->stream.record.settings.truncate_before);
}

/* The stream went on since: only the very same events may stand there. */
static enum err
judge_behind(struct work *w, enum verdict *v)
{
	int64_t number = EVENT_NUMBER_NONE;
	size_t i;
	enum err e = ERR_OK;

	*v = REPEAT;
	for (i = 0; i < w->a->n && *v == REPEAT; i++) {
		if ((e = find_id(w, i, &number)) != ERR_OK && e != ERR_NO_EVENT)
			return e;
		if (i == 0)
			w->a->first = number;
		if (e == ERR_NO_EVENT || !may_begin_at(w, w->a->first) ||
		    number != w->a->first + (int64_t)i)
			*v = WRONG_VERSION;
	}
	/* Re-creation: an event 0 other than this one does not stand in the
	 * way of "no stream" once the stream is soft-deleted. */
	if (*v == WRONG_VERSION && i == 1 && is_soft_deleted(&w->stream) &&
	    w->a->expected == EXPECT_NO_STREAM)
		return expect_unknown(w, 0, v);
	return ERR_OK;
}

/* Whether the stream's metastream has been written. */
static enum err
has_metadata(struct work *w, bool *has)
{
	char raw[STREAM_MAX_META_NAME];
	struct stream_record meta;
	struct slice name;
	enum err e;

	*has = false;
	if (name_is_meta(w->stream.name))
		return ERR_OK;
	name = name_meta(raw, w->stream.name);
	e = tbl_streams_get(w->tx, name, &meta);
	*has = e == ERR_OK && meta.last >= 0;
	return e == ERR_NO_STREAM ? ERR_OK : e;
}

/* "The stream must exist": then any version will do. */
static enum err
judge_exists(struct work *w, enum verdict *v)
{
	bool has = true;
	enum err e = ERR_OK;

	if (is_soft_deleted(&w->stream)) {
		*v = DELETED;
		return ERR_OK;
	}
	if (w->stream.record.last == EVENT_NUMBER_NONE)
		e = has_metadata(w, &has);
	*v = has ? WRITE : WRONG_VERSION;
	return e;
}

static enum err
judge_events(struct work *w, enum verdict *v)
{
	int64_t last = w->stream.record.last;

	if (w->a->must_live && is_soft_deleted(&w->stream)) {
		*v = DELETED;
		return ERR_OK;
	}
	if (w->a->expected == EXPECT_ANY || w->a->expected == EXPECT_STREAM)
		return judge_any(w, v);
	if (w->a->expected == last)
		return expect_unknown(w, 0, v);
	if (w->a->expected >= EXPECT_NO_STREAM && w->a->expected < last)
		return judge_behind(w, v);
	*v = WRONG_VERSION;
	return ERR_OK;
}

/*
 * Whether this very deletion was committed before: its transaction is run
 * again when a recovery left its outcome unknown.
 */
static enum err
was_carried_out(struct work *w, bool *was)
{
	char raw[STREAM_MAX_META_NAME];
	struct slice name = w->stream.name;
	struct stream_record s;
	int64_t number;
	enum err e;

	*was = false;
	if (w->a->kind == APPEND_EVENTS)
		return ERR_OK;
	if (w->a->kind == APPEND_SOFT_DELETE)
		name = name_meta(raw, name);
	e = tbl_streams_get(w->tx, name, &s);
	if (e == ERR_OK)
		e = tbl_event_ids_get(w->tx, s.id, &w->a->deletion, &number);
	*was = e == ERR_OK;
	return e == ERR_NO_STREAM || e == ERR_NO_EVENT ? ERR_OK : e;
}

/* A deletion counts as an event with an id nobody knows. */
static enum verdict
judge_deletion(const struct work *w)
{
	int64_t expected = w->a->expected;

	if (expected == EXPECT_ANY || expected == EXPECT_STREAM ||
	    expected == w->stream.record.last)
		return WRITE;
	if (expected == EXPECT_NO_STREAM && is_soft_deleted(&w->stream))
		return WRITE;
	return WRONG_VERSION;
}

static enum err
judge(struct work *w, enum verdict *v)
{
	bool was;
	enum err e;

	if ((e = was_carried_out(w, &was)) != ERR_OK)
		return e;
	*v = was ? REPEAT : DELETED;
	if (was)
		return ERR_OK;
	if (w->stream.record.is_deleted ||
	    (w->base.name.n > 0 && w->base.record.is_deleted))
		return ERR_OK;
	*v = WRITE;
	if (w->a->expected == EXPECT_STREAM &&
	    ((e = judge_exists(w, v)) != ERR_OK || *v != WRITE))
		return e;
	if (w->a->kind == APPEND_EVENTS)
		return judge_events(w, v);
	*v = judge_deletion(w);
	return ERR_OK;
}

/* Give the event its position and put it into the three tables. */
static enum err
put_event(
    struct work *w, struct target *t, struct new_event *ne, int64_t number)
{
	struct all_row row = {.position = w->batch->next->position,
	    .stream_id = t->record.id,
	    .number = number};
	enum err e;

	new_event_place(ne, row.position, w->batch->now);
	if ((e = tbl_events_insert(w->tx, t->record.id, number, ne)) != ERR_OK)
		return e;
	if ((e = tbl_all_insert(w->tx, &row)) != ERR_OK)
		return e;
	w->batch->next->position++;
	w->a->position = row.position;
	t->record.bytes += ne->record_len;
	return tbl_event_ids_insert(w->tx, t->record.id, &ne->id, number);
}

/* The record is saved by the caller, once. */
static enum err
put_next_event(struct work *w, struct target *t, struct new_event *ne)
{
	enum err e;

	if (t->record.id == 0)
		t->record.id = w->batch->next->stream_id++;
	if ((e = put_event(w, t, ne, t->record.last + 1)) == ERR_OK)
		t->record.last++;
	return e;
}

/* An event of the server's own; without an id it gets a random one. */
static enum err
make_event(struct new_event *ne, const char *type, struct slice document,
    const struct guid *id)
{
	struct event ev = {.type = slice_str(type), .data = document};

	if (id != NULL)
		ev.id = *id;
	else
		guid_random(&ev.id);
	if (document.n > 0)
		ev.flags = EVENT_DATA_IS_JSON;
	return new_event_init(ne, &ev);
}

static enum err
put_metadata(struct work *w, struct target *t, struct slice document,
    const struct guid *id)
{
	struct new_event ne;
	enum err e;

	if ((e = make_event(&ne, "$metadata", document, id)) != ERR_OK)
		return e;
	e = put_next_event(w, t, &ne);
	new_event_fini(&ne);
	return e;
}

/* document is metadata written by the server; its acl was read before. */
static enum err
adopt_document(struct target *t, struct slice document)
{
	struct event ev = {.flags = EVENT_DATA_IS_JSON, .data = document};

	return settings_read(&t->record.settings, &ev);
}

/* A stream's last event's JSON, in the page's memory; else empty. */
static enum err
last_document(
    struct work *w, const struct target *t, struct page *pg, struct slice *doc)
{
	struct events_range one = {.stream_id = t->record.id,
	    .from = t->record.last,
	    .to = t->record.last};
	struct event ev;
	enum err e;

	*doc = slice("", 0);
	if (t->record.last == EVENT_NUMBER_NONE)
		return ERR_OK;
	e = tbl_events_get(w->tx, pg, &one, &ev);
	if (e == ERR_OK && event_is_json(&ev))
		*doc = ev.data;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

/*
 * Un-delete t: write what its metadata says, but truncated at what was
 * there before, as one more event of the metastream.
 */
static enum err
restore(struct work *w, struct target *t, struct target *meta, int64_t from)
{
	struct page *pg = page_new();
	struct buf out = {0};
	struct slice document;
	enum err e;

	if ((e = last_document(w, meta, pg, &document)) != ERR_OK)
		goto out;
	settings_print_truncated(&out, document, from);
	if (buf_failed(&out)) {
		e = ERR_NO_MEMORY;
		goto out;
	}
	if ((e = put_metadata(w, meta, buf_slice(&out), NULL)) != ERR_OK)
		goto out;
	if ((e = target_save(w, meta)) != ERR_OK)
		goto out;
	if ((e = adopt_document(t, buf_slice(&out))) == ERR_OK)
		e = target_save(w, t);
out:
	buf_fini(&out);
	page_free(&pg);
	return e;
}

/* Writing to a soft-deleted stream makes it anew, numbers going on. */
static enum err
restore_stream(struct work *w, int64_t from)
{
	char raw[STREAM_MAX_META_NAME];
	struct target meta;
	uint64_t position = w->a->position;
	enum err e;

	e = target_load(w, &meta, name_meta(raw, w->stream.name));
	if (e == ERR_OK)
		e = restore(w, &w->stream, &meta, from);
	w->a->position = position; /* the client's event, not ours */
	return e;
}

/* Writing metadata of a soft-deleted stream does, too. */
static enum err
update_base(struct work *w)
{
	struct new_event *last = &w->a->events[w->a->n - 1];
	bool was_deleted = is_soft_deleted(&w->base);
	uint64_t position = w->a->position;
	struct event ev;
	enum err e;

	e = event_decode(&ev, slice(last->record, last->record_len));
	if (e == ERR_OK)
		e = settings_read(&w->base.record.settings, &ev);
	if (e != ERR_OK)
		return e;
	if (!was_deleted)
		return target_save(w, &w->base);
	e = restore(w, &w->base, &w->stream, w->base.record.last + 1);
	w->a->current = w->stream.record.last;
	w->a->position = position;
	return e;
}

static enum err
write_events(struct work *w)
{
	struct target *t = &w->stream;
	bool was_deleted = is_soft_deleted(t);
	int64_t from = t->record.last + 1;
	size_t i;
	enum err e;

	for (i = 0; i < w->a->n; i++)
		if ((e = put_next_event(w, t, &w->a->events[i])) != ERR_OK)
			return e;
	w->a->first = from;
	w->a->current = t->record.last;
	if ((e = target_save(w, t)) != ERR_OK)
		return e;
	if (w->base.name.n > 0)
		return update_base(w);
	return was_deleted ? restore_stream(w, from) : ERR_OK;
}

static enum err
write_soft_deletion(struct work *w)
{
	char raw[STREAM_MAX_META_NAME];
	struct target meta;
	enum err e;

	e = target_load(w, &meta, name_meta(raw, w->stream.name));
	if (e == ERR_OK)
		e = put_metadata(
		    w, &meta, settings_soft_deletion(), &w->a->deletion);
	if (e == ERR_OK)
		e = target_save(w, &meta);
	if (e == ERR_OK)
		e = adopt_document(&w->stream, settings_soft_deletion());
	return e == ERR_OK ? target_save(w, &w->stream) : e;
}

static enum err
write_tombstone(struct work *w)
{
	struct target *t = &w->stream;
	struct new_event ne;
	enum err e;

	if (t->record.id == 0)
		t->record.id = w->batch->next->stream_id++;
	if ((e = make_event(&ne, "$streamDeleted", slice("", 0),
		 &w->a->deletion)) != ERR_OK)
		return e;
	e = put_event(w, t, &ne, EVENT_NUMBER_TOMB);
	new_event_fini(&ne);
	if (e != ERR_OK)
		return e;
	t->record.is_deleted = true;
	return target_save(w, t);
}

static enum err
write_it(struct work *w)
{
	switch (w->a->kind) {
	case APPEND_EVENTS:
		return write_events(w);
	case APPEND_SOFT_DELETE:
		return write_soft_deletion(w);
	case APPEND_HARD_DELETE:
		return write_tombstone(w);
	}
	return ERR_INVALID;
}

/* A repeat answers as the first time did, but for what was removed since. */
static enum err
find_position(struct work *w)
{
	int64_t number;
	enum err e;

	if (w->a->kind != APPEND_EVENTS)
		return ERR_OK;
	if ((e = find_id(w, w->a->n - 1, &number)) != ERR_OK)
		return e;
	e = tbl_events_position(
	    w->tx, w->stream.record.id, number, &w->a->position);
	w->a->has_position = e == ERR_OK;
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

static enum err
load(struct work *w)
{
	struct slice base;
	enum err e;

	if ((e = target_load(w, &w->stream, w->a->stream)) != ERR_OK)
		return e;
	w->base.name = slice("", 0);
	if (!name_is_meta(w->a->stream))
		return ERR_OK;
	/* The metadata of a metastream has no effect. */
	base = name_base(w->a->stream);
	return name_is_meta(base) ? ERR_OK : target_load(w, &w->base, base);
}

/* ERR_TOO_LARGE: the settings in a metadata event are beyond the limit. */
static enum err
check_settings(const struct append *a)
{
	const struct new_event *last;
	struct settings s;
	struct event ev;
	enum err e;

	if (a->kind != APPEND_EVENTS || !name_is_meta(a->stream))
		return ERR_OK;
	last = &a->events[a->n - 1];
	e = event_decode(&ev, slice(last->record, last->record_len));
	return e == ERR_OK ? settings_read(&s, &ev) : e;
}

/*
 * Whether who asks has the right.  Once it was there, and a recovery left
 * the outcome unknown, the request itself may have taken it away: then what
 * is asked is only whether it was carried out.
 */
static enum err
ask(struct work *w)
{
	struct access_subject s = {w->stream.name,
	    name_is_meta(w->stream.name) ? w->base.record.settings.acl
					 : w->stream.record.settings.acl};
	enum access_right right =
	    w->a->kind == APPEND_EVENTS ? ACCESS_WRITE : ACCESS_DELETE;
	enum err e = access_check(w->tx, &s, w->a->who, right);

	if (e == ERR_OK)
		w->a->was_allowed = true;
	return e;
}

static enum err
judge_denied(struct work *w, enum verdict *v)
{
	enum err e;

	*v = DENIED;
	if (!w->a->was_allowed)
		return ERR_OK;
	e = judge(w, v);
	if (*v != REPEAT)
		*v = DENIED;
	return e;
}

static enum err
judge_request(struct work *w, enum verdict *v)
{
	enum err e = ask(w);

	if (e == ERR_DENIED)
		return judge_denied(w, v);
	if (e != ERR_OK)
		return e;
	*v = TOO_LARGE;
	e = check_settings(w->a);
	if (e == ERR_TOO_LARGE)
		return ERR_OK;
	return e == ERR_OK ? judge(w, v) : e;
}

static enum err
refuse(struct work *w, enum err outcome)
{
	w->a->outcome = outcome;
	return ERR_OK;
}

enum err
append_apply(struct txn *tx, struct append *a, const struct append_batch *batch)
{
	struct work w = {.tx = tx, .a = a, .batch = batch};
	enum verdict v;
	enum err e;

	assert(a->kind != APPEND_EVENTS || a->n > 0);
	a->outcome = ERR_OK;
	if ((e = load(&w)) != ERR_OK || (e = judge_request(&w, &v)) != ERR_OK)
		return e;
	a->current = w.stream.record.last;
	a->has_position = false;
	switch (v) {
	case WRITE:
		a->has_position = true;
		return write_it(&w);
	case REPEAT:
		return find_position(&w);
	case WRONG_VERSION:
		return refuse(&w, ERR_WRONG_VERSION);
	case DELETED:
		return refuse(&w, ERR_DELETED);
	case DENIED:
		return refuse(&w, ERR_DENIED);
	case TOO_LARGE:
		return refuse(&w, ERR_TOO_LARGE);
	}
	return ERR_OK;
}
