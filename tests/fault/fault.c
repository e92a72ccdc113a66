/*
 * fault - calls of the system that fail or hang when a test says so, and a
 * record of what was written and flushed, to play a power failure from.
 *
 * Layer: tests.  Preloaded (LD_PRELOAD) into the programs of a node; only
 * $RILL_FAULT_FOLDER and files below it count, and memory.
 * tests/crash/fault.py is the other side: it maps $RILL_FAULT_CONTROL, a struct
 * control, and changes it at any time; and it reads $RILL_FAULT_RECORD, to
 * which each change of a file is appended when it is done.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 4096

/* No error: the call is not carried out before control names another first. */
#define HANG 0xffffffffU

/* fault.py has the same order. */
enum call {
	CALL_WRITE,
	CALL_PWRITE,
	CALL_FDATASYNC,
	CALL_FSYNC,
	CALL_OPEN, /* also by fopen */
	CALL_MMAP,
	CALL_FALLOCATE,
	CALL_RENAME,
	CALL_FTRUNCATE,
	CALL_UNLINK, /* also by unlinkat and remove */
	CALL_ALLOC,  /* malloc, calloc and realloc */
	CALLS
};

/* Native byte order.  Written by the test but for counts and hits. */
struct control {
	_Atomic uint64_t first; /* the first call that fails, from 1; 0: none */
	_Atomic uint64_t last;  /* the last one */
	_Atomic uint32_t call;  /* which of enum call */
	_Atomic uint32_t error; /* errno; 0: half of a write is done; HANG */
	char program[16];       /* in which; "": in all */
	char file[32];          /* whose path ends so, up to digits; "": any */
	_Atomic uint64_t hits;  /* how many have failed */
	_Atomic uint64_t counts[CALLS];
};

/* What a record says, after the magic: numbers in native byte order. */
enum done {
	DONE_OPEN = 1,    /* file, flags; the path follows */
	DONE_WRITE,       /* file, offset; the bytes follow */
	DONE_TRUNCATE,    /* file, length */
	DONE_FLUSH_BEGIN, /* file, number of the flush */
	DONE_FLUSH_END,   /* file, number of the flush */
	DONE_RENAME,      /* the two paths follow, with a NUL between */
	DONE_UNLINK       /* the path follows */
};

struct record {
	uint32_t magic;
	uint32_t done;
	uint64_t file; /* inode */
	uint64_t number;
	uint64_t len; /* of what follows */
};

#define RECORD_MAGIC 0x72696c6c

static struct control *control;
static int record_fd = -1;
static char folder[512];
static size_t folder_len;
static bool is_program;
static struct {
	bool counts; /* a file of the folder */
	bool fits;   /* the one that control names */
	bool is_folder;
	uint64_t file;
} files[MAX_FD];

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_fallocate)(int, off_t, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);
static FILE *(*real_fopen)(const char *, const char *);

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

/* A function from a pointer to an object, as POSIX allows for dlsym(). */
static void
find(void *function, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, sizeof(found));
}

static void
find_all(void)
{
	find(&real_close, "close");
	find(&real_write, "write");
	find(&real_pwrite, "pwrite");
	find(&real_fdatasync, "fdatasync");
	find(&real_fsync, "fsync");
	find(&real_ftruncate, "ftruncate");
	find(&real_mmap, "mmap");
	find(&real_fallocate, "posix_fallocate");
	find(&real_rename, "rename");
	find(&real_unlink, "unlink");
	find(&real_unlinkat, "unlinkat");
	find(&real_fopen, "fopen");
	find(&real_open, "open");
}

/* Constructors of other libraries may come before ours. */
static void
be_ready(void)
{
	if (real_open == NULL)
		find_all();
}

static void
attach(void)
{
	const char *path = getenv("RILL_FAULT_CONTROL");
	void *map = MAP_FAILED;
	int fd;

	if (path != NULL && (fd = real_open(path, O_RDWR | O_CLOEXEC)) >= 0) {
		map = real_mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
		real_close(fd);
	}
	if (map != MAP_FAILED)
		control = map;
	path = getenv("RILL_FAULT_RECORD");
	if (path != NULL)
		record_fd =
		    real_open(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("RILL_FAULT_FOLDER");

	be_ready();
	if (path == NULL || strncmp(program_invocation_short_name, "rill", 4))
		return;
	folder_len = strlen(path);
	if (folder_len >= sizeof(folder))
		return;
	memcpy(folder, path, folder_len + 1);
	is_program = true;
	attach();
}

static void
hang(uint64_t first)
{
	struct timespec nap = {0, 1000000};

	while (atomic_load(&control->first) == first)
		nanosleep(&nap, NULL);
}

/* Whether this call is to fail, and with which errno. */
static bool
fails(enum call call)
{
	uint64_t n, first;
	uint32_t error;

	if (control == NULL)
		return false;
	if (control->program[0] != '\0' &&
	    strcmp(control->program, program_invocation_short_name) != 0)
		return false;
	n = atomic_fetch_add(&control->counts[call], 1) + 1;
	first = atomic_load(&control->first);
	if (first == 0 || atomic_load(&control->call) != call || n < first ||
	    n > atomic_load(&control->last))
		return false;
	atomic_fetch_add(&control->hits, 1);
	if ((error = atomic_load(&control->error)) == HANG)
		hang(first);
	else
		errno = (int)error;
	return error != HANG;
}

static bool
in_folder(const char *path)
{
	return is_program && strncmp(path, folder, folder_len) == 0 &&
	       (path[folder_len] == '/' || path[folder_len] == '\0');
}

/* log.0000000001 is a file of "log."; an empty name is any. */
static bool
name_fits(const char *name)
{
	size_t n = control == NULL ? 0 : strnlen(control->file, 32);

	return n == 0 || strncmp(name, control->file, n) == 0;
}

static bool
file_fits(const char *path)
{
	return name_fits(strrchr(path, '/') + 1);
}

static bool
is_ours(int fd)
{
	return fd >= 0 && fd < MAX_FD && files[fd].counts;
}

static bool
may_fail(int fd)
{
	return is_ours(fd) && files[fd].fits;
}

static void
put_record(struct record r, const void *p, size_t n)
{
	struct iovec parts[2] = {{&r, sizeof(r)}, {(void *)(uintptr_t)p, n}};
	int saved = errno;

	if (record_fd < 0)
		return;
	r.magic = RECORD_MAGIC;
	r.len = n;
	if (writev(record_fd, parts, 2) != (ssize_t)(sizeof(r) + n))
		abort();
	errno = saved;
}

/* When a folder is flushed is not recorded: names may be lost all the same. */
static void
put_change(enum done done, int fd, uint64_t number)
{
	if (files[fd].is_folder)
		return;
	put_record(
	    (struct record){
		.done = done, .file = files[fd].file, .number = number},
	    NULL, 0);
}

static void
note_open(int fd, const char *path, int flags)
{
	struct stat st;

	if (fd < 0 || fd >= MAX_FD || fstat(fd, &st) != 0)
		return;
	files[fd].counts = true;
	files[fd].fits = file_fits(path);
	files[fd].is_folder = S_ISDIR(st.st_mode);
	files[fd].file = st.st_ino;
	if (files[fd].is_folder)
		return;
	put_record((struct record){.done = DONE_OPEN,
		       .file = st.st_ino,
		       .number = (uint64_t)flags},
	    path, strlen(path));
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	int mode, fd;

	be_ready();
	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
	va_end(ap);
	if (!in_folder(path))
		return real_open(path, flags, mode);
	if (file_fits(path) && fails(CALL_OPEN))
		return -1;
	fd = real_open(path, flags, mode);
	note_open(fd, path, flags);
	return fd;
}

/* The C library's own calls for it are not ours. */
FILE *
fopen(const char *path, const char *mode)
{
	be_ready();
	if (in_folder(path) && file_fits(path) && fails(CALL_OPEN))
		return NULL;
	return real_fopen(path, mode);
}

int
close(int fd)
{
	be_ready();
	if (fd >= 0 && fd < MAX_FD)
		files[fd].counts = false;
	return real_close(fd);
}

static void
note_write(int fd, const void *p, ssize_t n, off_t offset)
{
	if (n > 0)
		put_record((struct record){.done = DONE_WRITE,
			       .file = files[fd].file,
			       .number = (uint64_t)offset},
		    p, (size_t)n);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	ssize_t done;

	be_ready();
	if (!is_ours(fd))
		return real_write(fd, p, n);
	if (may_fail(fd) && fails(CALL_WRITE)) {
		if (errno != 0 || n < 2)
			return -1;
		n /= 2;
	}
	done = real_write(fd, p, n);
	note_write(fd, p, done, lseek(fd, 0, SEEK_CUR) - (off_t)done);
	return done;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t offset)
{
	ssize_t done;

	be_ready();
	if (may_fail(fd) && fails(CALL_PWRITE)) {
		if (errno != 0 || n < 2)
			return -1;
		n /= 2;
	}
	done = real_pwrite(fd, p, n, offset);
	if (is_ours(fd))
		note_write(fd, p, done, offset);
	return done;
}

/* What a flush covers is what was done before it began. */
static int
flush(int fd, int (*real)(int))
{
	static _Atomic uint32_t last;
	uint64_t number = (uint64_t)getpid() << 32 | atomic_fetch_add(&last, 1);
	int r;

	put_change(DONE_FLUSH_BEGIN, fd, number);
	if ((r = real(fd)) == 0)
		put_change(DONE_FLUSH_END, fd, number);
	return r;
}

int
fdatasync(int fd)
{
	be_ready();
	if (!is_ours(fd))
		return real_fdatasync(fd);
	if (may_fail(fd) && fails(CALL_FDATASYNC))
		return -1;
	return flush(fd, real_fdatasync);
}

int
fsync(int fd)
{
	be_ready();
	if (!is_ours(fd))
		return real_fsync(fd);
	if (may_fail(fd) && fails(CALL_FSYNC))
		return -1;
	return flush(fd, real_fsync);
}

int
ftruncate(int fd, off_t length)
{
	int r;

	be_ready();
	if (may_fail(fd) && fails(CALL_FTRUNCATE))
		return -1;
	r = real_ftruncate(fd, length);
	if (r == 0 && is_ours(fd))
		put_change(DONE_TRUNCATE, fd, (uint64_t)length);
	return r;
}

void *
mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	be_ready();
	if (may_fail(fd) && fails(CALL_MMAP))
		return MAP_FAILED;
	return real_mmap(at, n, protection, flags, fd, offset);
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	int saved = errno, error;

	be_ready();
	if (may_fail(fd) && fails(CALL_FALLOCATE)) {
		error = errno;
		errno = saved;
		return error;
	}
	return real_fallocate(fd, offset, len);
}

int
rename(const char *from, const char *to)
{
	char paths[2048];
	int r;

	be_ready();
	if (!in_folder(to))
		return real_rename(from, to);
	if (file_fits(to) && fails(CALL_RENAME))
		return -1;
	if ((r = real_rename(from, to)) == 0) {
		snprintf(paths, sizeof(paths), "%s%c%s", from, '\0', to);
		put_record((struct record){.done = DONE_RENAME}, paths,
		    strlen(from) + 1 + strlen(to));
	}
	return r;
}

int
unlink(const char *path)
{
	int r;

	be_ready();
	if (!in_folder(path))
		return real_unlink(path);
	if (file_fits(path) && fails(CALL_UNLINK))
		return -1;
	if ((r = real_unlink(path)) == 0)
		put_record(
		    (struct record){.done = DONE_UNLINK}, path, strlen(path));
	return r;
}

/* Only the agent's socket is removed so, which no power failure concerns. */
int
unlinkat(int dir, const char *name, int flags)
{
	be_ready();
	if (is_program && name_fits(name) && fails(CALL_UNLINK))
		return -1;
	return real_unlinkat(dir, name, flags);
}

int
remove(const char *path)
{
	return unlink(path);
}

static bool
is_out_of_memory(void)
{
	return is_program && fails(CALL_ALLOC);
}

void *
malloc(size_t n)
{
	return is_out_of_memory() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return is_out_of_memory() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return is_out_of_memory() ? NULL : __libc_realloc(p, n);
}
