#include "config.h"

#include <stdlib.h>

#include "store/alloc.h"
#include "store/page.h"

/* Kept from one use of a page to the next. */
#define KEPT_BYTES 65536

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(16) char bytes[];
};

struct page {
	struct entry *entries;
	size_t n, size;
	struct chunk *chunks; /* newest first; the last one is kept */
	size_t bytes;
};

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c != NULL)
		*c = (struct chunk){.size = size};
	return c;
}

struct page *
page_new(void)
{
	struct page *pg = xcalloc(1, sizeof(*pg));

	pg->chunks = chunk_new(KEPT_BYTES);
	if (pg->chunks == NULL)
		abort();
	return pg;
}

static void
drop_chunks(struct page *pg, struct chunk *until)
{
	struct chunk *c;

	while ((c = pg->chunks) != until) {
		pg->chunks = c->next;
		free(c);
	}
}

void
page_free(struct page **pgp)
{
	struct page *pg = *pgp;

	if (pg == NULL)
		return;
	drop_chunks(pg, NULL);
	free(pg->entries);
	free(pg);
	*pgp = NULL;
}

void
page_reset(struct page *pg)
{
	struct chunk *last = pg->chunks;

	while (last->next != NULL)
		last = last->next;
	drop_chunks(pg, last);
	last->used = 0;
	pg->n = 0;
	pg->bytes = 0;
}

size_t
page_count(const struct page *pg)
{
	return pg->n;
}

struct entry *
page_entry(struct page *pg, size_t i)
{
	return &pg->entries[i];
}

void *
page_alloc(struct page *pg, size_t n)
{
	struct chunk *c = pg->chunks;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (pg->bytes + n > PAGE_MAX_BYTES)
		return NULL;
	if (c->size - c->used < n) {
		if ((c = chunk_new(n > KEPT_BYTES ? n : KEPT_BYTES)) == NULL)
			return NULL;
		c->next = pg->chunks;
		pg->chunks = c;
	}
	p = c->bytes + c->used;
	c->used += n;
	pg->bytes += n;
	return p;
}

void
page_trim(struct page *pg, size_t unused)
{
	unused &= ~(size_t)15;
	pg->chunks->used -= unused;
	pg->bytes -= unused;
}

enum err
page_copy(struct page *pg, struct slice s, struct slice *copy)
{
	char *p = page_alloc(pg, s.n);

	if (p == NULL)
		return ERR_TOO_LARGE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*copy = slice(p, s.n);
	return ERR_OK;
}

enum err
page_add(struct page *pg, struct entry **e)
{
	if (pg->n == PAGE_MAX_EVENTS)
		return ERR_TOO_LARGE;
	if (pg->n == pg->size) {
		pg->size = pg->size == 0 ? 32 : pg->size * 2;
		pg->entries =
		    xrealloc(pg->entries, pg->size * sizeof(*pg->entries));
	}
	*e = &pg->entries[pg->n++];
	**e = (struct entry){0};
	return ERR_OK;
}

void
page_reverse_from(struct page *pg, size_t first)
{
	size_t i, j;

	for (i = first, j = pg->n; i + 1 < j; i++) {
		struct entry e = pg->entries[i];

		pg->entries[i] = pg->entries[--j];
		pg->entries[j] = e;
	}
}

void
page_reverse(struct page *pg)
{
	page_reverse_from(pg, 0);
}

void
page_drop_last(struct page *pg, size_t n)
{
	pg->n -= n;
}
