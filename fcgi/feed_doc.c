#include "config.h"

#include <assert.h>

#include "fcgi/feed_doc.h"

static struct feed_link *
add(struct feed *f, const char *relation)
{
	struct feed_link *l = &f->links[f->nlinks++];

	assert(f->nlinks <= FEED_MAX_LINKS);
	l->relation = relation;
	return l;
}

void
feed_add_link(struct feed *f, const char *relation, const char *path)
{
	add(f, relation)->path = path;
}

void
feed_add_page(
    struct feed *f, const char *relation, struct slice from, bool forward)
{
	struct feed_link *l = add(f, relation);

	assert(from.n <= FEED_MAX_FROM);
	memcpy(l->from, from.p, from.n);
	l->from_len = from.n;
	l->forward = forward;
}

void
feed_add_url(struct buf *b, const struct feed *f, const struct feed_link *l)
{
	buf_add_slice(b, f->url);
	if (l->path != NULL) {
		buf_add_str(b, l->path);
		return;
	}
	buf_add_char(b, '/');
	buf_add(b, l->from, l->from_len);
	buf_add_str(b, l->forward ? "/forward/" : "/backward/");
	buf_add_int(b, f->count);
}
