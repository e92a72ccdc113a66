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
#define FEED_NO_TIME   INT64_MIN

struct feed_link {
	const char *relation;
	char path[96]; /* behind the feed's own address */
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
	struct page *page; /* entries in the order they are printed */
	struct entry_style style;
};

void feed_add_link(struct feed *, const char *relation, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
