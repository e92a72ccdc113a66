/*
 * buf - bytes that grow.
 *
 * Layer: store, used everywhere.  Memory that runs out is remembered, not
 * reported by each call: check buf_failed() once, at the end.  Once a buffer
 * has failed nothing is added to it, so that it never has a gap in its middle;
 * and what is filled from one that failed must fail too, see buf_fini_part().
 */
#ifndef STORE_BUF_H
#define STORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/slice.h"

struct buf {
	char *p;
	size_t n;     /* bytes in use */
	size_t size;  /* bytes there are; once failed, as if there were n */
	size_t limit; /* size never goes beyond it; 0: no limit */
	bool failed;  /* an append did not fit into memory, or the limit */
};

/* An empty one needs no call: struct buf b = {0}; free it all the same. */
void buf_fini(struct buf *);

/* Forget the bytes and that it failed, keep the memory. */
void buf_reset(struct buf *);

/* Make room for n more bytes.  False: it failed, now or before. */
bool buf_reserve(struct buf *, size_t n);

/* Make it fail, as if memory had run out: what goes into it is not whole. */
void buf_fail(struct buf *);

/* Have the whole fail if the part did, from which it is filled. */
void buf_fail_with(struct buf *whole, const struct buf *part);

/* The same, and free the part. */
void buf_fini_part(struct buf *part, struct buf *whole);

/* These stand here because answers are made of thousands of them. */

static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || (b->size - b->n < n && !buf_reserve(b, n)))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/*
 * For those who write there by themselves: room for n bytes behind what is in
 * it, NULL as buf_reserve() is false; and where what they wrote ends.
 */
static inline char *
buf_room(struct buf *b, size_t n)
{
	if (b->size - b->n < n && !buf_reserve(b, n))
		return NULL;
	return b->p + b->n;
}

static inline void
buf_end(struct buf *b, const char *end)
{
	b->n = (size_t)(end - b->p);
}

static inline void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

static inline void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_add_int(struct buf *, int64_t);

/* Write its digits, without a NUL; returns how many they are. */
#define BUF_INT_SIZE 20 /* "-9223372036854775808" */
size_t buf_print_int(char out[BUF_INT_SIZE], int64_t);

void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

bool buf_failed(const struct buf *);

/* What is in it, borrowed until the next call. */
struct slice buf_slice(const struct buf *);

#endif
