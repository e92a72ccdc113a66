#include "config.h"

#include <db.h>
#include <stdlib.h>
#include <string.h>

#include "store/alloc.h"
#include "store/be.h"
#include "store/clock.h"
#include "store/compact.h"
#include "store/tbl.h"

#define KEY_SIZE    16 /* of a boundary; longer keys stand behind theirs */
#define PIECE_PAGES 512
#define MAX_PIECES  8192

/*
 * To cut off the end of the file, the library sorts the list of free pages,
 * and so writes to all of them, for each piece: there are only as many pieces
 * as let that cost no more than reading the pages in use.
 */
#define MAX_MOVING_PIECES 8

/* Fewer free pages than one in so many are left for what is written next. */
#define WORTH_MOVING 16

#define TRIES    5
#define PAUSE_MS 5

/*
 * How full to make the pages.  Records come to the end of the table of
 * positions alone; in the others they come in anywhere.
 */
static const uint32_t fill_percent[TABLES] = {
    [TABLE_EVENTS] = 90,
    [TABLE_ALL] = 100,
    [TABLE_EVENT_IDS] = 80,
};

struct boundary {
	unsigned char key[KEY_SIZE];
};

struct work {
	const struct compact *c;
	struct env *env;
	DB *db;
	struct boundary *boundaries; /* between pieces */
	size_t pieces;
	uint32_t fill_percent;
	uint32_t truncate; /* where the library means to cut */
};

/* The part of the table, from 0 to 1, that stands before a key. */
static enum err
try_part_before(struct work *w, uint64_t high, uint64_t low, double *part)
{
	unsigned char raw[KEY_SIZE];
	DBT key = tbl_dbt(raw, sizeof(raw));
	DB_KEY_RANGE range = {0};
	int r;

	be_put64(raw, high);
	be_put64(raw + 8, low);
	if ((r = env_fault(w->env)) == 0)
		r = w->db->key_range(w->db, NULL, &key, &range, 0);
	*part = range.less;
	return r == DB_NOTFOUND ? ERR_OK : env_err(r);
}

static enum err
part_before(struct work *w, uint64_t high, uint64_t low, double *part)
{
	unsigned int try;
	enum err e = ERR_DEADLOCK;

	for (try = 0; try < TRIES && e == ERR_DEADLOCK; try++)
		e = try_part_before(w, high, low, part);
	return e == ERR_DEADLOCK ? ERR_BUSY : e;
}

/*
 * Find the greatest number for which no more than part stands before the key
 * that it makes: as the key's first half; or, when first is given, as the
 * second behind that.
 */
static enum err
search(struct work *w, double part, const uint64_t *first, uint64_t *found)
{
	uint64_t bit;
	double before;
	enum err e;

	*found = 0;
	for (bit = UINT64_C(1) << 63; bit != 0; bit >>= 1) {
		e = part_before(w, first == NULL ? *found | bit : *first,
		    first == NULL ? 0 : *found | bit, &before);
		if (e != ERR_OK)
			return e;
		if (before <= part)
			*found |= bit;
	}
	return ERR_OK;
}

static enum err
find_boundary(struct work *w, size_t i)
{
	double part = (double)(i + 1) / (double)w->pieces;
	uint64_t high, low;
	enum err e;

	if ((e = search(w, part, NULL, &high)) != ERR_OK)
		return e;
	if ((e = search(w, part, &high, &low)) != ERR_OK)
		return e;
	be_put64(w->boundaries[i].key, high);
	be_put64(w->boundaries[i].key + 8, low);
	return ERR_OK;
}

/* Divide what is in the table now. */
static enum err
divide(struct work *w, size_t pieces)
{
	size_t i;
	enum err e = ERR_OK;

	w->pieces = pieces == 0 ? 1 : pieces;
	free(w->boundaries);
	w->boundaries = xcalloc(w->pieces, sizeof(*w->boundaries));
	for (i = 0; i + 1 < w->pieces && e == ERR_OK; i++) {
		if (!w->c->go_on(w->c->arg))
			return ERR_UNAVAILABLE;
		e = find_boundary(w, i);
	}
	return e;
}

/* Compact from one boundary to the next. */
static enum err
run_piece(struct work *w, size_t i, uint32_t flags)
{
	DB_COMPACT data = {.compact_fillpercent = w->fill_percent};
	DBT start = {0}, stop = {0};
	int r;

	if (i > 0)
		start = tbl_dbt(w->boundaries[i - 1].key, KEY_SIZE);
	if (i + 1 < w->pieces)
		stop = tbl_dbt(w->boundaries[i].key, KEY_SIZE);
	if ((r = env_fault(w->env)) == 0)
		r = w->db->compact(w->db, NULL, start.size > 0 ? &start : NULL,
		    stop.size > 0 ? &stop : NULL, &data, flags, NULL);
	w->truncate = data.compact_truncate;
	return env_err(r);
}

static enum err
try_piece(struct work *w, size_t i, uint32_t flags)
{
	unsigned int try;
	enum err e = ERR_DEADLOCK;

	for (try = 0; try < TRIES && e == ERR_DEADLOCK; try++) {
		if (try > 0)
			clock_sleep_ms(PAUSE_MS << try);
		if (!w->c->go_on(w->c->arg))
			return ERR_UNAVAILABLE;
		e = run_piece(w, i, flags);
	}
	/* Then it is left as it is, until the next time. */
	return e == ERR_DEADLOCK ? ERR_OK : e;
}

static enum err
run_pieces(struct work *w, size_t pieces, uint32_t flags)
{
	size_t i;
	enum err e = divide(w, pieces);

	for (i = 0; i < w->pieces && e == ERR_OK; i++)
		e = try_piece(w, i, flags);
	return e;
}

static uint64_t
count_pages(const struct work *w)
{
	return env_table_bytes(w->env, w->c->table) / ENV_PAGE_BYTES;
}

/* Sort the list of free pages, and cut off those at the end of the file. */
static enum err
cut_end(struct work *w)
{
	w->pieces = 1;
	return try_piece(w, 0, DB_FREELIST_ONLY);
}

/*
 * How many free pages are left after cut_end().  The library means to cut
 * where the file would end if all and a quarter more of them were at its end.
 */
static uint64_t
count_free(const struct work *w)
{
	uint64_t pages = count_pages(w);

	return w->truncate >= pages ? 0 : (pages - w->truncate) * 4 / 5;
}

static enum err
move_pages(struct work *w)
{
	uint64_t pages = count_pages(w), unused = count_free(w), pieces;
	enum err e;

	if (unused <= pages / WORTH_MOVING)
		return ERR_OK;
	pieces = (pages - unused) / unused + 1;
	if (pieces > MAX_MOVING_PIECES)
		pieces = MAX_MOVING_PIECES;
	if ((e = run_pieces(w, (size_t)pieces, DB_FREE_SPACE)) != ERR_OK)
		return e;
	return cut_end(w);
}

enum err
compact_table(struct env *env, const struct compact *c)
{
	struct work w = {.c = c,
	    .env = env,
	    .db = env_table(env, c->table),
	    .fill_percent = fill_percent[c->table]};
	uint64_t pieces = count_pages(&w) / PIECE_PAGES + 1;
	enum err e;

	if (pieces > MAX_PIECES)
		pieces = MAX_PIECES;
	if ((e = run_pieces(&w, (size_t)pieces, 0)) == ERR_OK)
		e = cut_end(&w);
	if (e == ERR_OK)
		e = move_pages(&w);
	free(w.boundaries);
	return e;
}

/* At so low a percentage no records are moved, only whole pages. */
enum err
compact_shrink(struct env *env, const struct compact *c)
{
	struct work w = {.c = c,
	    .env = env,
	    .db = env_table(env, c->table),
	    .fill_percent = 1};
	enum err e;

	if ((e = cut_end(&w)) == ERR_OK)
		e = move_pages(&w);
	free(w.boundaries);
	return e;
}
