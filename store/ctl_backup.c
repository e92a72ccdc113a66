#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "store/backup.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_args.h"
#include "store/ctl_backup.h"
#include "store/ctl_progress.h"
#include "store/ctl_store.h"
#include "store/restore.h"
#include "store/store.h"
#include "store/verify.h"

#define MIB 1048576.0

/* A backup that is being made. */
struct making {
	struct backup b;
	struct ctl_progress progress;
	struct control_hold *hold;
	struct store *store;
};

static void
show(struct ctl_progress *p, uint64_t bytes, uint64_t all)
{
	struct ctl_progress_state s = {
	    .done = bytes, .all = all, .n = bytes >> 20, .what = "MiB"};

	ctl_progress_show(p, &s);
}

/*
 * A backup_progress_f.  The agent no longer keeps its logs, or the store is to
 * be recovered: stop.
 */
static bool
show_backup(void *arg, const struct backup *b)
{
	struct making *m = arg;

	show(&m->progress, b->bytes, b->all);
	return control_is_held(m->hold) && store_is_open(m->store) &&
	       store_vouched(m->store);
}

static int
status_of(enum err e)
{
	if (e == ERR_OK)
		return EX_OK;
	if (e == ERR_WRONG_VERSION)
		return EX_CANTCREAT;
	if (e == ERR_INVALID || e == ERR_TAKEN || e == ERR_CORRUPT)
		return EX_DATAERR;
	if (e == ERR_NO_EVENT)
		return EX_NOINPUT;
	return e == ERR_UNAVAILABLE ? EX_UNAVAILABLE : EX_IOERR;
}

static int
report_backup(struct making *m, enum err e)
{
	ctl_progress_end(&m->progress);
	if (e == ERR_OK)
		printf("%s, %.1f MiB\n",
		    m->b.is_increment ? "added what was written since"
				      : "a full backup",
		    (double)m->b.bytes / MIB);
	else
		fprintf(stderr, "rillctl: %s\n", m->b.why);
	return status_of(e);
}

static int
refuse_unavailable(enum err e)
{
	fprintf(stderr, "rillctl: %s\n", err_text(e));
	return EX_UNAVAILABLE;
}

static enum err
copy_store(struct making *m)
{
	enum err e = store_enter(m->store, store_deadline(m->store), &m->b.env);

	if (e != ERR_OK) {
		snprintf(m->b.why, sizeof(m->b.why),
		    "The store cannot be copied: %s.", err_text(e));
		return e;
	}
	e = backup_run(&m->b);
	store_exit(m->store, e);
	return e;
}

static int
back_up(struct making *m, const struct conf *conf)
{
	enum err e = ctl_store_open(&m->store, conf);

	if (e != ERR_OK)
		return refuse_unavailable(e);
	e = copy_store(m);
	store_close(&m->store);
	return report_backup(m, e);
}

int
ctl_backup(const struct conf *conf, const struct ctl_args *args)
{
	struct making m = {.b = {.data = conf->data,
			       .full = args->full,
			       .on_progress = show_backup,
			       .arg = &m}};
	int status = EX_UNAVAILABLE;

	if (args->nwords > 1)
		return EX_USAGE;
	m.b.dir = args->nwords == 1 ? args->words[0] : conf->backup_folder;
	if (m.b.dir == NULL) {
		fputs("rillctl: name a folder, here or as \"backup_folder\" in "
		      "rill.json\n",
		    stderr);
		return EX_USAGE;
	}
	if (ctl_store_hold(&m.hold, conf, "logs") == ERR_OK)
		status = back_up(&m, conf);
	control_release(&m.hold);
	return status;
}

/* A restore_progress_f. */
static void
show_restore(void *arg, const struct restore *r)
{
	show(arg, r->bytes, r->all);
}

static void
print_fault(void *arg, const char *sentence)
{
	(void)arg;
	puts(sentence);
}

static int
report_restore(const struct restore *r, enum err e)
{
	const struct verify *v = r->verify;
	char at[CLOCK_TEXT_SIZE];

	if (e != ERR_OK) {
		fprintf(stderr, "rillctl: %s\n", r->why);
		return status_of(e);
	}
	clock_print(at, r->at);
	printf("%" PRIu64 " events in %" PRIu64 " streams, as of %s: ",
	    v->events, v->streams, at);
	if (v->faults == 0) {
		puts("no faults");
		return EX_OK;
	}
	printf("%" PRIu64 " fault(s)\n", v->faults);
	return EX_DATAERR;
}

int
ctl_restore(const struct conf *conf, const struct ctl_args *args)
{
	struct ctl_progress progress = {.next_ms = 0};
	struct verify v = {.on_fault = print_fault};
	struct restore r = {.data = args->to != NULL ? args->to : conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .on_progress = show_restore,
	    .verify = &v,
	    .arg = &progress};
	enum err e;

	if (args->nwords != 1)
		return EX_USAGE;
	r.dir = args->words[0];
	e = restore_run(&r);
	ctl_progress_end(&progress);
	return report_restore(&r, e);
}
