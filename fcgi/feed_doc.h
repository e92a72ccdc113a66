/*
 * feed_doc - a feed as a document, whatever it is a feed of and however it
 * will be printed.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_FEED_DOC_H
#define FCGI_FEED_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/entry.h"
#include "store/page.h"

#define FEED_MAX_LINKS 7
#define FEED_MAX_FROM  32
#define FEED_NO_TIME   INT64_MIN

struct feed_link {
	const char *relation;
	const char *path; /* behind the feed's own address; NULL: to a page */
	char from[FEED_MAX_FROM];
	size_t from_len;
	bool forward;
};

struct feed {
	struct slice url;           /* its own address */
	struct slice title;         /* as text */
	const struct slice *stream; /* NULL: has no streamId */
	int64_t updated;            /* ticks or FEED_NO_TIME */
	bool head_of_stream;
	bool has_self;
	bool has_etag;
	int64_t etag; /* the position in it */
	struct feed_link links[FEED_MAX_LINKS];
	unsigned int nlinks;
	int64_t count;     /* of events on a page that a link leads to */
	struct page *page; /* entries in the order they are printed */
	struct entry_style style;
};

/* A link to what stands at path, behind the feed's address; both static. */
void feed_add_link(struct feed *, const char *relation, const char *path);

/* One to a page of f->count; from has at most FEED_MAX_FROM bytes. */
void feed_add_page(
    struct feed *, const char *relation, struct slice from, bool forward);

/* The address, of characters as entry_add_url() has them. */
void feed_add_url(struct buf *, const struct feed *, const struct feed_link *);

#endif
