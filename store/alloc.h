/*
 * alloc - small allocations that end the process when memory is out.
 *
 * Layer: store, used everywhere.  For sizes that input decides, use malloc
 * and ERR_NO_MEMORY instead.
 */
#ifndef STORE_ALLOC_H
#define STORE_ALLOC_H

#include <stddef.h>

/* Like malloc, calloc, realloc, strdup and strndup; never NULL. */
void *xmalloc(size_t);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *, size_t);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t);

/* asprintf into memory of the caller's. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
