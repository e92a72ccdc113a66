/*
 * mapped - a small file that the processes of a node share by mapping it.
 *
 * Layer: store.
 */
#ifndef STORE_MAPPED_H
#define STORE_MAPPED_H

#include <stddef.h>

/*
 * Map size bytes of a file of the folder dir, for reading and writing.  It is
 * made, of zeros, if it is not there.  Returned is where they are, the
 * caller's to munmap(), or NULL; errno says why.  The file's descriptor goes
 * to *fd and is the caller's to close, unless fd is NULL.
 */
void *mapped_open(const char *dir, const char *name, size_t size, int *fd);

#endif
