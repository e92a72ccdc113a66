/*
 * secret - memory for what must not leave the process.
 *
 * Layer: fcgi.  It is not in core files, nor in a process forked off, and
 * not written to swap if the system lets us lock it.
 */
#ifndef FCGI_SECRET_H
#define FCGI_SECRET_H

#include <stddef.h>

/* n bytes of zeros, never NULL: the process ends when there are none. */
void *secret_new(size_t n);

/* Wipes it; accepts NULL. */
void secret_free(void *, size_t n);

/* n random bytes that nobody can guess. */
void secret_random(void *, size_t n);

#endif
