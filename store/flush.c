#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/flush.h"
#include "store/log.h"

#define LOG_PREFIX     "log."
#define LOG_PREFIX_LEN 4

static void
path_of(int fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = '\0';
}

static void
report(const char *doing, const char *path, int error)
{
	log_error("store", "%s %s: %s; the store must be recovered", doing,
	    path, strerror(error));
}

bool
flush_names_log(const char *path)
{
	const char *name = strrchr(path, '/');

	return name != NULL &&
	       strncmp(name + 1, LOG_PREFIX, LOG_PREFIX_LEN) == 0;
}

bool
flush_is_log(int fd, const char *doing, int error)
{
	char path[PATH_MAX];

	path_of(fd, path);
	if (!flush_names_log(path))
		return false;
	report(doing, path, error);
	return true;
}

int
flush_fd(int fd)
{
	char path[PATH_MAX];
	int r;

	while ((r = fdatasync(fd)) != 0 && errno == EINTR)
		continue;
	if (r == 0)
		return 0;
	r = errno;
	path_of(fd, path);
	report("flushing", path, r);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return r;
}

int
flush_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0 || fsync(fd) != 0) {
		r = errno;
		report("flushing", path, r);
	} else {
		r = 0;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static int
flush_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd < 0) {
		r = errno;
		log_error("store", "%s: %s", path, strerror(r));
		return r;
	}
	r = flush_fd(fd);
	close(fd);
	return r;
}

int
flush_logs(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char *path;
	int r = 0;

	if (d == NULL)
		return errno;
	while (r == 0 && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, LOG_PREFIX, LOG_PREFIX_LEN) != 0)
			continue;
		path = xasprintf("%s/%s", dir, entry->d_name);
		r = flush_path(path);
		free(path);
	}
	closedir(d);
	return r;
}
