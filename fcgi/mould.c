#include "config.h"

#include <assert.h>

#include "fcgi/mould.h"

bool
mould_suits(struct mould *m, struct slice stream)
{
	if (slice_eq(m->stream, stream))
		return true;
	m->stream = stream;
	m->ncuts = 0;
	buf_reset(&m->text);
	return false;
}

void
mould_cut(struct mould *m, unsigned int part)
{
	assert(m->ncuts < MOULD_MAX_CUTS);
	m->cuts[m->ncuts].at = m->text.n;
	m->cuts[m->ncuts++].part = part;
}

void
mould_cast(
    const struct mould *m, struct buf *b, mould_put_f *put, const void *parts)
{
	size_t at = 0;
	unsigned int i;

	buf_fail_with(b, &m->text);
	for (i = 0; i < m->ncuts; i++) {
		buf_add(b, m->text.p + at, m->cuts[i].at - at);
		at = m->cuts[i].at;
		put(b, parts, m->cuts[i].part);
	}
	buf_add(b, m->text.p + at, m->text.n - at);
}

void
mould_fini(struct mould *m)
{
	buf_fini(&m->text);
}
