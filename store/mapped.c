#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/mapped.h"

/* NULL: errno says why. */
static void *
map(int fd, size_t size)
{
	void *at;

	/* A hole would be SIGBUS when the disk is full. */
	if ((errno = posix_fallocate(fd, 0, (off_t)size)) != 0)
		return NULL;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at != MAP_FAILED ? at : NULL;
}

void *
mapped_open(const char *dir, const char *name, size_t size, int *fdp)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), saved;
	void *at;

	free(path);
	if (fd < 0)
		return NULL;
	at = map(fd, size);
	if (at != NULL && fdp != NULL) {
		*fdp = fd;
		return at;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return at;
}
