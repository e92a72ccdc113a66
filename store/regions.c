#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/log.h"
#include "store/regions.h"

/* What the regions take beside the cache, with the limits in env.c. */
#define REGION_BYTES ((uint64_t)96 << 20)

/*
 * Where the library mapped the environment's regions.  It offers no way to
 * leave a panicked environment that also unmaps them, and each would pin a
 * deleted file of the cache's size until the process ends.
 */
void
regions_find(struct regions *rs, const char *dir)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *real = realpath(dir, NULL);
	char line[4400], *path;
	struct region rg;
	size_t n;

	while (real != NULL && maps != NULL &&
	       fgets(line, sizeof(line), maps) != NULL) {
		n = strlen(real);
		if ((path = strchr(line, '/')) == NULL ||
		    strncmp(path, real, n) != 0 ||
		    sscanf(path + n, "/__db.%u", &rg.number) != 1 ||
		    sscanf(line, "%lx-%lx", &rg.from, &rg.to) != 2 ||
		    rs->n == REGIONS_MAX)
			continue;
		rs->all[rs->n++] = rg;
	}
	free(real);
	if (maps != NULL)
		fclose(maps);
}

/*
 * Give a region's file all the blocks that it may come to need.  The library
 * leaves holes, and a hole that finds the disk full when it is first touched
 * ends the process with SIGBUS.
 */
static int
reserve_region(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return errno;
	r = posix_fallocate(fd, 0, (off_t)len);
	close(fd);
	return r;
}

int
regions_reserve(const struct regions *rs, const char *dir)
{
	unsigned int i;
	char *path;
	int r = 0;

	for (i = 0; r == 0 && i < rs->n; i++) {
		path = xasprintf("%s/__db.%03u", dir, rs->all[i].number);
		r = reserve_region(path, rs->all[i].to - rs->all[i].from);
		free(path);
	}
	return r;
}

/* The blocks that the last environment's regions hold, and give back. */
static uint64_t
reserved_bytes(const char *dir)
{
	uint64_t n = 0;
	struct stat st;
	char *path;
	int i;

	for (i = 1; i <= REGIONS_MAX; i++) {
		path = xasprintf("%s/__db.%03d", dir, i);
		if (stat(path, &st) == 0)
			n += (uint64_t)st.st_blocks * 512;
		free(path);
	}
	return n;
}

/* Recovery fills new regions before they can be reserved. */
int
regions_check_room(const char *dir, size_t cache_bytes)
{
	uint64_t need = cache_bytes + cache_bytes / 4 + REGION_BYTES;
	uint64_t room = reserved_bytes(dir);
	struct statvfs disk;

	if (statvfs(dir, &disk) != 0)
		return errno;
	room += (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room >= need)
		return 0;
	log_error("store",
	    "%s: the disk is full: %llu MiB are free, %llu MiB needed; "
	    "make room, or lower cache_mb",
	    dir, (unsigned long long)(room >> 20),
	    (unsigned long long)(need >> 20));
	return ENOSPC;
}

void
regions_unmap(const struct regions *rs)
{
	unsigned int i;

	for (i = 0; i < rs->n; i++)
		munmap(
		    (void *)rs->all[i].from, rs->all[i].to - rs->all[i].from);
}
