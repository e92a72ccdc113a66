#include "config.h"

#include "store/clock.h"
#include "store/compact.h"
#include "store/env.h"
#include "store/tbl_all.h"
#include "store/tbl_counters.h"
#include "store/tbl_events.h"
#include "store/tidy.h"
#include "store/txn.h"

#define ROWS_AT_ONCE 1000

/*
 * Each time that a stream has this many events more, as many are moved
 * together; but not the last ones, on whose page it goes on growing.
 */
#define BLOCK  32
#define MARGIN 8

/* While appends come, so long a piece of work, and so many times a rest. */
#define WORK_US      2000
#define REST_FACTOR  19
#define LONGEST_REST 200 /* ms */

#define TRIES    5
#define PAUSE_MS 5

struct work {
	struct tidy *t;
	struct env *env;
	int64_t resumed; /* us */
	uint64_t end;    /* of what is committed */
	size_t n;
	struct all_row rows[ROWS_AT_ONCE];
};

static enum err
look(struct txn *tx, void *arg)
{
	struct work *w = arg;
	struct counters c;
	enum err e;

	if ((e = tbl_counters_get(tx, &c)) != ERR_OK)
		return e;
	w->end = c.position;
	/* Not what was taken back, or was another store's. */
	if (w->t->position > w->end)
		w->t->position = 0;
	w->n = ROWS_AT_ONCE;
	return tbl_all_read(tx, w->t->position, w->rows, &w->n);
}

static enum err
read_end(struct txn *tx, void *arg)
{
	struct counters c = {0};
	enum err e = tbl_counters_get(tx, &c);

	*(uint64_t *)arg = c.position;
	return e;
}

/* Let appends through that came meanwhile; false: stop. */
static bool
rest(struct work *w)
{
	int64_t now = clock_mono_us(), ms;
	struct tidy *t = w->t;
	uint64_t end = t->end;

	t->worked_us += now - w->resumed;
	if (t->worked_us >= WORK_US) {
		ms = t->worked_us * REST_FACTOR / 1000;
		txn_run_once(w->env, TXN_READ, read_end, &end);
		if (end != t->end)
			clock_sleep_ms(ms < LONGEST_REST ? ms : LONGEST_REST);
		t->end = end;
		t->worked_us = 0;
	}
	w->resumed = clock_mono_us();
	return t->go_on(t->arg);
}

/* Move a stream's events together that stand before the end of a block. */
static enum err
join(struct work *w, uint64_t stream_id, int64_t end)
{
	struct events_range range = {.stream_id = stream_id,
	    .from = end <= BLOCK + MARGIN ? 0 : end - BLOCK - MARGIN,
	    .to = end - MARGIN};
	unsigned int try;
	uint32_t pages = 0;
	enum err e = ERR_DEADLOCK;

	for (try = 0; try < TRIES && e == ERR_DEADLOCK; try++) {
		if (try > 0)
			clock_sleep_ms(PAUSE_MS << try);
		e = tbl_events_join(w->env, &range, &pages);
		w->t->pages += pages;
	}
	/* Then they are left as they are. */
	return e == ERR_DEADLOCK ? ERR_OK : e;
}

static bool
ends_block(const struct all_row *row)
{
	return row->number != EVENT_NUMBER_TOMB &&
	       (row->number + 1) % BLOCK == 0;
}

static enum err
tidy_rows(struct work *w)
{
	size_t i;
	enum err e;

	for (i = 0; i < w->n && w->rows[i].position < w->end; i++) {
		if (!ends_block(&w->rows[i]))
			continue;
		if (!rest(w))
			return ERR_UNAVAILABLE;
		e = join(w, w->rows[i].stream_id, w->rows[i].number + 1);
		if (e != ERR_OK)
			return e;
		w->t->position = w->rows[i].position + 1;
	}
	w->t->position = w->n < ROWS_AT_ONCE || i < w->n
			     ? w->end
			     : w->rows[w->n - 1].position + 1;
	return ERR_OK;
}

enum err
tidy_run(struct env *env, struct tidy *t, bool *is_tidy)
{
	struct work w = {.t = t, .env = env, .resumed = clock_mono_us()};
	enum err e;

	*is_tidy = false;
	if (env_disk_is_full(env))
		return ERR_DISK_FULL;
	if ((e = txn_run_once(env, TXN_READ, look, &w)) == ERR_OK)
		e = tidy_rows(&w);
	if (e == ERR_OK && !rest(&w))
		e = ERR_UNAVAILABLE;
	*is_tidy = e == ERR_OK && t->position == w.end;
	return e;
}

bool
tidy_may_shrink(struct env *env, const struct tidy *t)
{
	uint64_t pages = env_table_bytes(env, TABLE_EVENTS) / ENV_PAGE_BYTES;

	return t->pages > 0 && t->pages >= pages / 8;
}

enum err
tidy_shrink(struct env *env, struct tidy *t)
{
	struct compact c = {
	    .table = TABLE_EVENTS, .go_on = t->go_on, .arg = t->arg};
	enum err e = compact_shrink(env, &c);

	if (e == ERR_OK)
		t->pages = 0;
	return e;
}
