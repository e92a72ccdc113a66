/*
 * regions - the files of the environment's shared memory, __db.NNN.
 *
 * Layer: store; private to it.  Knows files and mappings, nothing of what is
 * in them.
 */
#ifndef STORE_REGIONS_H
#define STORE_REGIONS_H

#include <stddef.h>
#include <stdint.h>

#define REGIONS_MAX 16

struct region {
	unsigned int number; /* its file is __db.NNN */
	unsigned long from, to;
};

struct regions {
	struct region all[REGIONS_MAX];
	unsigned int n;
};

/* Where the library has mapped those of the environment in dir. */
void regions_find(struct regions *, const char *dir);

/* Give their files all the blocks they may need.  0, or errno. */
int regions_reserve(const struct regions *, const char *dir);

/* Unmap them; nobody may use them any more. */
void regions_unmap(const struct regions *);

/*
 * Whether there is room for the regions of a cache of so many bytes, before
 * recovery makes them.  0, or ENOSPC and the log says so, or errno.
 */
int regions_check_room(const char *dir, size_t cache_bytes);

#endif
