/*
 * page - events that were read together, with the memory they stand in.
 *
 * Layer: store, used everywhere.  What a page's slices point to stays until
 * page_reset() or page_free(), also after the transaction that read it.
 */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "store/event.h"

#define PAGE_MAX_EVENTS 4096
#define PAGE_MAX_BYTES  (128u << 20) /* of records in one page */

enum link_state {
	LINK_NONE,     /* an ordinary event */
	LINK_RESOLVED, /* a link event whose target was read */
	LINK_BROKEN    /* one whose target is not there, or not to be seen */
};

struct entry {
	struct slice stream; /* the name of the event's stream */
	struct event event;
	enum link_state link;
	struct slice target_stream; /* unless LINK_NONE: what the link names */
	int64_t target_number;
	struct event target; /* if LINK_RESOLVED */
};

struct page;

struct page *page_new(void);
void page_free(struct page **);

/* Forget everything in it. */
void page_reset(struct page *);

size_t page_count(const struct page *);
struct entry *page_entry(struct page *, size_t i);

/* For those who fill it. */

/*
 * n bytes of the page's memory.  NULL: memory is out, or the page would
 * have more than PAGE_MAX_BYTES.
 */
void *page_alloc(struct page *, size_t n);

/* Give back the last bytes of the latest page_alloc(). */
void page_trim(struct page *, size_t unused);

/* A copy in the page's memory.  ERR_TOO_LARGE: see page_alloc(). */
enum err page_copy(struct page *, struct slice, struct slice *copy);

/* A new, empty entry at the end.  ERR_TOO_LARGE: PAGE_MAX_EVENTS are in. */
enum err page_add(struct page *, struct entry **);

/* Turn the order around, of all entries or from the first that is named on. */
void page_reverse(struct page *);
void page_reverse_from(struct page *, size_t first);

/* Drop the last n entries. */
void page_drop_last(struct page *, size_t n);

#endif
