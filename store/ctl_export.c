#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_args.h"
#include "store/ctl_export.h"
#include "store/ctl_progress.h"
#include "store/ctl_store.h"
#include "store/export.h"
#include "store/import.h"
#include "store/name.h"
#include "store/store.h"

/* An export, and where it goes. */
struct output {
	struct export x;
	struct ctl_progress progress;
	struct control_hold *hold;
	const char *path; /* NULL: standard output */
	char *draft;      /* what it is called until it is whole */
	int fd;
	int error;
};

static void
show_export(struct output *o)
{
	struct ctl_progress_state s = {.done = o->x.position,
	    .all = o->x.end,
	    .n = o->x.events,
	    .what = "events"};

	ctl_progress_show(&o->progress, &s);
}

/* An export_write_f. */
static enum err
write_lines(void *arg, struct slice lines)
{
	struct output *o = arg;
	ssize_t n;

	while (lines.n > 0) {
		n = write(o->fd, lines.p, lines.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			o->error = errno;
			return ERR_IO;
		}
		lines = slice_from(lines, (size_t)n);
	}
	show_export(o);
	/* Else events may have been removed meanwhile. */
	return control_is_held(o->hold) ? ERR_OK : ERR_UNAVAILABLE;
}

static int
open_output(struct output *o)
{
	o->fd = STDOUT_FILENO;
	if (o->path == NULL)
		return 0;
	o->draft = xasprintf("%s.part", o->path);
	o->fd = open(o->draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return o->fd < 0 ? errno : 0;
}

/* Only what is whole, and on the disk, gets its name. */
static int
finish_output(struct output *o)
{
	if (o->path == NULL)
		return 0;
	if (fsync(o->fd) != 0 || rename(o->draft, o->path) != 0)
		return errno;
	return 0;
}

static void
close_output(struct output *o)
{
	if (o->path != NULL && o->fd >= 0)
		close(o->fd);
	if (o->draft != NULL)
		unlink(o->draft);
	free(o->draft);
}

static int
fail_file(const char *path, int error)
{
	fprintf(stderr, "rillctl: %s: %s\n",
	    path == NULL ? "standard output" : path, strerror(error));
	return EX_IOERR;
}

static int
report_export(struct output *o, enum err e)
{
	int error = o->error;

	ctl_progress_end(&o->progress);
	if (e == ERR_OK)
		error = finish_output(o);
	if (error != 0)
		return fail_file(o->path, error);
	if (e == ERR_OK)
		return EX_OK;
	if (e == ERR_NO_STREAM) {
		fprintf(stderr, "rillctl: there is no such stream\n");
		return EX_DATAERR;
	}
	fprintf(stderr, "rillctl: not exported: %s\n", err_text(e));
	return EX_UNAVAILABLE;
}

static int
export_store(struct output *o, const struct conf *conf)
{
	struct store *st;
	enum err e = ctl_store_open(&st, conf);

	if (e != ERR_OK)
		return report_export(o, e);
	e = export_run(st, &o->x);
	store_close(&st);
	return report_export(o, e);
}

int
ctl_export(const struct conf *conf, const struct ctl_args *args)
{
	struct output o = {.x = {.write = write_lines, .arg = &o},
	    .fd = -1,
	    .path = args->nwords > 0 ? args->words[0] : NULL};
	const char *why;
	int error, status = EX_UNAVAILABLE;

	if (args->nwords > 1)
		return EX_USAGE;
	if (args->stream != NULL) {
		o.x.stream = slice_str(args->stream);
		if (!name_check(o.x.stream, &why)) {
			fprintf(stderr, "rillctl: %s\n", why);
			return EX_DATAERR;
		}
	}
	if (ctl_store_hold(&o.hold, conf, "scavenging") == ERR_OK) {
		error = open_output(&o);
		status = error == 0 ? export_store(&o, conf)
				    : fail_file(o.draft, error);
	}
	close_output(&o);
	control_release(&o.hold);
	return status;
}

struct intake {
	struct import im;
	struct ctl_progress progress;
	uint64_t all; /* bytes; 0: nobody knows */
};

/* An import_progress_f. */
static void
show_import(void *arg, const struct import *im)
{
	struct intake *in = arg;
	struct ctl_progress_state s = {
	    .done = im->bytes, .all = in->all, .n = im->lines, .what = "lines"};

	ctl_progress_show(&in->progress, &s);
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_size;
}

static int
import_status(enum err e)
{
	if (e == ERR_OK)
		return EX_OK;
	if (e == ERR_INVALID)
		return EX_DATAERR;
	return e == ERR_IO ? EX_IOERR : EX_UNAVAILABLE;
}

static int
import_store(struct intake *in, const struct conf *conf)
{
	enum err e = ctl_store_open(&in->im.store, conf);

	if (e == ERR_OK) {
		e = import_run(&in->im);
		store_close(&in->im.store);
	} else {
		snprintf(in->im.why, sizeof(in->im.why), "Not imported: %s.",
		    err_text(e));
	}
	ctl_progress_end(&in->progress);
	printf("%" PRIu64 " events written, %" PRIu64 " lines passed over\n",
	    in->im.written, in->im.skipped);
	if (e != ERR_OK)
		fprintf(stderr, "rillctl: %s\n", in->im.why);
	return import_status(e);
}

int
ctl_import(const struct conf *conf, const struct ctl_args *args)
{
	struct intake in = {.im = {.fd = STDIN_FILENO,
				.max_event_bytes = conf->max_event_bytes,
				.on_progress = show_import,
				.arg = &in}};
	const char *path = args->nwords > 0 ? args->words[0] : NULL;
	int status;

	if (args->nwords > 1)
		return EX_USAGE;
	if (!ctl_store_has_agent(conf))
		return EX_UNAVAILABLE;
	if (path != NULL)
		in.im.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in.im.fd < 0) {
		fprintf(stderr, "rillctl: %s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	in.all = size_of(in.im.fd);
	status = import_store(&in, conf);
	if (path != NULL)
		close(in.im.fd);
	return status;
}
