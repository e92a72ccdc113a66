/*
 * slice - bytes that somebody else owns, with their length.
 *
 * Layer: store, used everywhere.  Never NUL-terminated.
 */
#ifndef STORE_SLICE_H
#define STORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p; /* may be NULL when n is 0 */
	size_t n;      /* bytes */
};

static inline struct slice
slice(const void *p, size_t n)
{
	return (struct slice){p, n};
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){s, strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n &&
	       (a.n == 0 || a.p == b.p || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline bool
slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

/* a without its first n bytes; n is at most a.n. */
static inline struct slice
slice_from(struct slice a, size_t n)
{
	return (struct slice){a.p + n, a.n - n};
}

#endif
