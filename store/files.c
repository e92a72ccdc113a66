#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/files.h"

#define STEP_BYTES ((size_t)1 << 20)

static int
write_all(int fd, const char *p, size_t n, off_t at)
{
	ssize_t done;

	while (n > 0) {
		done = pwrite(fd, p, n, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

/* All of them: a file that ends before has ENODATA. */
static int
read_all(int fd, char *p, size_t n, off_t at)
{
	ssize_t done;

	while (n > 0) {
		done = pread(fd, p, n, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? errno : ENODATA;
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

static size_t
step_size(uint64_t at, uint64_t end)
{
	return end - at < STEP_BYTES ? (size_t)(end - at) : STEP_BYTES;
}

static int
copy_bytes(int from, int to, const struct files_part *part)
{
	char *bytes = xmalloc(STEP_BYTES);
	uint64_t at = part->at;
	size_t n;
	int r = 0;

	while (r == 0 && at < part->end) {
		n = step_size(at, part->end);
		if ((r = read_all(from, bytes, n, (off_t)at)) == 0)
			r = write_all(to, bytes, n, (off_t)at);
		at += n;
		if (r == 0 && part->step != NULL && !part->step(part->arg, n))
			r = ECANCELED;
	}
	free(bytes);
	return r;
}

static int
close_both(int from, int to, int r)
{
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) != 0 && r == 0)
		r = errno;
	return r;
}

int
files_copy(const struct files_part *part)
{
	int from = open(part->from, O_RDONLY | O_CLOEXEC), to = -1, r = 0;

	if (from >= 0)
		to = open(part->to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		r = errno;
	if (r == 0)
		r = copy_bytes(from, to, part);
	if (r == 0 && ftruncate(to, (off_t)part->end) != 0)
		r = errno;
	if (r == 0 && fsync(to) != 0)
		r = errno;
	return close_both(from, to, r);
}

static bool
compare_bytes(int from, int to, const struct files_part *part)
{
	char *a = xmalloc(STEP_BYTES), *b = xmalloc(STEP_BYTES);
	uint64_t at = part->at;
	bool same = true;
	size_t n;

	while (same && at < part->end) {
		n = step_size(at, part->end);
		same = read_all(from, a, n, (off_t)at) == 0 &&
		       read_all(to, b, n, (off_t)at) == 0 &&
		       memcmp(a, b, n) == 0;
		at += n;
	}
	free(a);
	free(b);
	return same;
}

bool
files_are_same(const struct files_part *part)
{
	int from = open(part->from, O_RDONLY | O_CLOEXEC);
	int to = open(part->to, O_RDONLY | O_CLOEXEC);
	bool same = from >= 0 && to >= 0 && compare_bytes(from, to, part);

	close_both(from, to, 0);
	return same;
}

int
files_size(const char *path, uint64_t *n)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno;
	*n = (uint64_t)st.st_size;
	return 0;
}

static int
write_draft(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return errno;
	r = write_all(fd, text, strlen(text), 0);
	if (r == 0 && fsync(fd) != 0)
		r = errno;
	return close_both(-1, fd, r);
}

int
files_write(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	char *draft = xasprintf("%s/%s.new", dir, name);
	int r = write_draft(draft, text);

	if (r == 0 && rename(draft, path) != 0)
		r = errno;
	if (r == 0)
		r = files_flush_names(dir);
	free(path);
	free(draft);
	return r;
}

int
files_flush_names(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) != 0)
		r = errno;
	return close_both(fd, -1, r);
}

int
files_make_dir(const char *dir)
{
	struct stat st;

	if (mkdir(dir, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return errno;
	if (stat(dir, &st) != 0)
		return errno;
	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

struct removal {
	const char *dir;
	files_filter_f *may_go;
};

static bool
remove_file(void *arg, const char *name)
{
	const struct removal *rm = arg;
	char *path;

	if (rm->may_go(name)) {
		path = xasprintf("%s/%s", rm->dir, name);
		unlink(path);
		free(path);
	}
	return true;
}

/* What could not be removed keeps the folder from being empty. */
int
files_remove_dir(const char *dir, files_filter_f *may_go)
{
	struct removal rm = {dir, may_go};
	int r = files_each(dir, remove_file, &rm);

	if (r == ENOENT)
		return 0;
	if (r == 0 && rmdir(dir) != 0)
		r = errno;
	return r;
}

int
files_each(const char *dir, files_each_f *each, void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool go_on = true;

	if (d == NULL)
		return errno;
	while (go_on && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			go_on = each(arg, entry->d_name);
	closedir(d);
	return 0;
}
