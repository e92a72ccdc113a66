#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/buf.h"
#include "store/clock.h"
#include "store/event_line.h"
#include "store/import.h"
#include "store/import_batch.h"
#include "store/log.h"
#include "store/role.h"
#include "store/store.h"
#include "store/wakeup.h"
#include "store/writer.h"

#define READ_BYTES   65536
#define BATCH_EVENTS 500
#define BATCH_BYTES  ((size_t)4 << 20)
#define QUORUM_TRIES 20
#define QUORUM_MS    500

/* Bytes that came, and the lines in them. */
struct input {
	struct import *im;
	struct buf text;
	size_t at; /* where the next line begins */
	size_t searched;
	bool is_over;
};

static enum err
refuse_line(struct import *im, uint64_t line, const char *why)
{
	snprintf(im->why, sizeof(im->why), "Line %" PRIu64 ": %s.", line, why);
	return ERR_INVALID;
}

static enum err
fail_reading(struct import *im, int error)
{
	snprintf(im->why, sizeof(im->why), "The lines cannot be read: %s.",
	    strerror(error));
	return ERR_IO;
}

static void
drop_used(struct input *in)
{
	if (in->at > 0)
		memmove(in->text.p, in->text.p + in->at, in->text.n - in->at);
	in->text.n -= in->at;
	in->searched -= in->at;
	in->at = 0;
}

static enum err
receive(struct input *in)
{
	ssize_t n;

	drop_used(in);
	if (!buf_reserve(&in->text, READ_BYTES))
		return refuse_line(in->im, in->im->lines + 1,
		    "it is longer than an event can be; see max_event_bytes");
	do
		n = read(in->im->fd, in->text.p + in->text.n, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_reading(in->im, errno);
	in->is_over = n == 0;
	in->text.n += (size_t)n;
	in->im->bytes += (uint64_t)n;
	return ERR_OK;
}

/* The next line, without its end.  ERR_NO_EVENT: there is none. */
static enum err
next_line(struct input *in, struct slice *line)
{
	const char *end = NULL;
	enum err e;

	for (;;) {
		if (in->text.n > in->searched)
			end = memchr(in->text.p + in->searched, '\n',
			    in->text.n - in->searched);
		if (end != NULL)
			break;
		in->searched = in->text.n;
		if (in->is_over && in->at < in->text.n)
			return refuse_line(in->im, in->im->lines + 1,
			    "it has no end, so the export was cut off");
		if (in->is_over)
			return ERR_NO_EVENT;
		if ((e = receive(in)) != ERR_OK)
			return e;
	}
	*line = slice(in->text.p + in->at, (size_t)(end - in->text.p) - in->at);
	in->at = in->searched = (size_t)(end - in->text.p) + 1;
	in->im->lines++;
	return ERR_OK;
}

static enum err
add_line(struct import_batch *b, struct import *im, struct slice line,
    struct buf *memory)
{
	struct event_line l;
	const char *why;
	enum err e;

	if (!event_line_parse(&l, line, memory, &why))
		return refuse_line(im, im->lines, why);
	if (l.event.data.n + l.event.metadata.n > im->max_event_bytes)
		return refuse_line(im, im->lines,
		    "its data and metadata are longer than max_event_bytes");
	if ((e = import_batch_add(b, &l, im->lines)) != ERR_OK)
		snprintf(im->why, sizeof(im->why), "Memory is out.");
	return e;
}

/* ERR_NO_EVENT: the lines have ended, and what came before is in it. */
static enum err
fill_batch(struct import_batch *b, struct input *in, struct buf *memory)
{
	struct slice line;
	enum err e = ERR_OK;

	while (e == ERR_OK && import_batch_count(b) < BATCH_EVENTS &&
	       import_batch_bytes(b) < BATCH_BYTES) {
		e = next_line(in, &line);
		if (e == ERR_OK)
			e = add_line(b, in->im, line, memory);
	}
	return e;
}

static enum err
fail_writing(struct import *im, enum err e)
{
	struct role_view view;

	role_look(store_role(im->store), &view);
	if (e == ERR_NOT_MASTER && view.url[0] != '\0')
		snprintf(im->why, sizeof(im->why),
		    "This node is a replica; import on the master, %s.",
		    view.url);
	else
		snprintf(im->why, sizeof(im->why),
		    "Nothing was written from line %" PRIu64 " on: %s.",
		    im->lines, err_text(e));
	return e;
}

/* It is written here; a later commit confirms it as well. */
static enum err
await_quorum(struct store *st)
{
	enum err e = ERR_NOT_ACKED;
	int i;

	for (i = 0; i < QUORUM_TRIES && e == ERR_NOT_ACKED; i++) {
		clock_sleep_ms(QUORUM_MS);
		e = writer_confirm(st);
	}
	return e;
}

static enum err
write_batch(struct import *im, struct import_batch *b)
{
	struct role *role = store_role(im->store);
	const char *fault;
	uint64_t tenure;
	enum err e;

	if (!role_is_master(role, &tenure) && role_has_peers(role))
		return fail_writing(im, ERR_NOT_MASTER);
	e = import_batch_write(b, im->store);
	/* A node that is alone may have been recovered meanwhile. */
	if (e == ERR_OK && !role_has_peers(role))
		role_is_master(role, &tenure);
	if (e == ERR_OK)
		role_raise_acked(role, tenure, import_batch_end(b));
	if (e == ERR_NOT_ACKED)
		e = await_quorum(im->store);
	wakeup_bump_all(store_wakeup(im->store));
	if (e != ERR_OK)
		return fail_writing(im, e);
	im->written += import_batch_written(b);
	im->skipped += import_batch_skipped(b);
	if (im->on_progress != NULL)
		im->on_progress(im->arg, im);
	fault = import_batch_fault(b);
	if (fault == NULL)
		return ERR_OK;
	snprintf(im->why, sizeof(im->why), "%s", fault);
	return ERR_INVALID;
}

/* What comes before a line that is refused is written all the same. */
static enum err
copy_batches(struct import *im, struct input *in, struct buf *memory)
{
	struct import_batch *b;
	enum err e, written;

	do {
		b = import_batch_new();
		e = fill_batch(b, in, memory);
		written = ERR_OK;
		if (import_batch_count(b) > 0)
			written = write_batch(im, b);
		import_batch_free(&b);
		if (written != ERR_OK)
			return written;
	} while (e == ERR_OK);
	return e == ERR_NO_EVENT ? ERR_OK : e;
}

enum err
import_run(struct import *im)
{
	struct input in = {.im = im};
	struct buf memory = {0};
	enum err e;

	im->lines = im->bytes = im->written = im->skipped = 0;
	im->why[0] = '\0';
	in.text.limit = event_line_bound(im->max_event_bytes) + READ_BYTES;
	if ((e = store_await(im->store, store_deadline(im->store))) == ERR_OK)
		e = copy_batches(im, &in, &memory);
	else
		fail_writing(im, e);
	buf_fini(&in.text);
	buf_fini(&memory);
	return e;
}
