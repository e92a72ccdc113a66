#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "fcgi/feed_doc.h"

void
feed_add_link(struct feed *f, const char *relation, const char *fmt, ...)
{
	struct feed_link *l = &f->links[f->nlinks++];
	va_list ap;

	assert(f->nlinks <= FEED_MAX_LINKS);
	l->relation = relation;
	va_start(ap, fmt);
	vsnprintf(l->path, sizeof(l->path), fmt, ap);
	va_end(ap);
}
