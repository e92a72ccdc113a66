#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/flush.h"
#include "store/spare.h"

#define NAME        "spare-log"
#define NAME_UNDONE "spare-log.part"
#define PIECE_BYTES ((size_t)1 << 20)

static char *
path_in(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

bool
spare_is_there(const char *dir)
{
	char *path = path_in(dir, NAME);
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

static int
write_zeros(int fd, const char *zeros, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = write(fd, zeros, n);
		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0)
			n -= (size_t)done;
	}
	return fdatasync(fd) == 0 ? 0 : errno;
}

static int
fill(int fd, size_t bytes)
{
	char *zeros = xcalloc(1, PIECE_BYTES);
	size_t n;
	int r = 0;

	for (; bytes > 0 && r == 0; bytes -= n) {
		n = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
		r = write_zeros(fd, zeros, n);
	}
	free(zeros);
	return r;
}

/* It has its name only when it is whole. */
static int
make(const char *undone, const char *path, size_t bytes)
{
	int fd = open(undone, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return errno;
	r = fill(fd, bytes);
	close(fd);
	if (r == 0 && rename(undone, path) != 0)
		r = errno;
	if (r != 0)
		unlink(undone);
	return r;
}

int
spare_make(const char *dir, size_t bytes)
{
	char *undone = path_in(dir, NAME_UNDONE), *path = path_in(dir, NAME);
	int r = make(undone, path, bytes);

	free(undone);
	free(path);
	return r;
}

void
spare_remove(const char *dir)
{
	char *path = path_in(dir, NAME);

	unlink(path);
	free(path);
}

static int
take(const char *dir, const char *path)
{
	char *spare = path_in(dir, NAME);
	int r = rename(spare, path);

	free(spare);
	/* Without it the library makes the file as it always does. */
	return r == 0 ? flush_dir(dir) : 0;
}

int
spare_take(const char *path)
{
	const char *end = strrchr(path, '/');
	char *dir;
	int r;

	if (end == NULL || !flush_names_log(path) || access(path, F_OK) == 0)
		return 0;
	dir = xasprintf("%.*s", (int)(end - path), path);
	r = take(dir, path);
	free(dir);
	return r;
}
