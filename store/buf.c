#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/buf.h"

void
buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.limit = b->limit};
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

/* The size to grow to for n more bytes; 0 when that is not allowed. */
static size_t
grown_size(const struct buf *b, size_t n)
{
	size_t size = b->size == 0 ? 1024 : b->size;

	if (b->limit != 0 && (b->n > b->limit || n > b->limit - b->n))
		return 0;
	while (size - b->n < n)
		size *= 2;
	return b->limit != 0 && size > b->limit ? b->limit : size;
}

bool
buf_reserve(struct buf *b, size_t n)
{
	size_t size;
	char *p = NULL;

	if (b->failed)
		return false;
	if (b->size - b->n >= n)
		return true;
	if ((size = grown_size(b, n)) != 0)
		p = realloc(b->p, size);
	if (p == NULL) {
		buf_fail(b);
		return false;
	}
	b->p = p;
	b->size = size;
	return true;
}

/* Without room, whatever is added comes by buf_reserve(). */
void
buf_fail(struct buf *b)
{
	b->failed = true;
	b->size = b->n;
}

void
buf_fail_with(struct buf *whole, const struct buf *part)
{
	if (part->failed)
		buf_fail(whole);
}

void
buf_fini_part(struct buf *part, struct buf *whole)
{
	buf_fail_with(whole, part);
	buf_fini(part);
}

size_t
buf_print_int(char out[BUF_INT_SIZE], int64_t v)
{
	char text[2 * BUF_INT_SIZE] = {0}, *end = text + BUF_INT_SIZE, *p = end;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) != 0);
	if (v < 0)
		*--p = '-';
	/* More than there is: a length that is known takes no call. */
	memcpy(out, p, BUF_INT_SIZE);
	return (size_t)(end - p);
}

void
buf_add_int(struct buf *b, int64_t v)
{
	char *room = buf_room(b, BUF_INT_SIZE);

	if (room != NULL)
		b->n += buf_print_int(room, v);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

struct slice
buf_slice(const struct buf *b)
{
	return slice(b->p, b->n);
}
