#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/conf.h"
#include "store/ctl_progress.h"
#include "store/ctl_store.h"
#include "store/ctl_verify.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/store.h"
#include "store/verify.h"

#define GRACE_MS 1000

/* The faults go to standard output, and a bar to the terminal. */
static void
print_fault(void *arg, const char *sentence)
{
	ctl_progress_end(arg);
	puts(sentence);
}

static void
show(void *arg, const struct verify *v)
{
	struct ctl_progress_state s = {
	    .done = v->rows, .all = v->all, .n = v->rows, .what = "rows"};

	ctl_progress_show(arg, &s);
}

static enum err
verify_in_use(const struct conf *conf, struct verify *v)
{
	struct store *st;
	enum err e;

	if ((e = ctl_store_open(&st, conf)) != ERR_OK)
		return e;
	e = verify_store(st, v);
	store_close(&st);
	return e;
}

/*
 * Other than for want of room, a store that is nobody else's cannot be opened
 * or read only because something of it is damaged or missing.
 */
static enum err
blame_store(struct verify *v, enum err e, const char *fault)
{
	if (e != ERR_IO && e != ERR_RECOVERY && e != ERR_CORRUPT)
		return e;
	verify_fault(v, "%s", fault);
	return ERR_OK;
}

/* In the agent's place. */
static enum err
verify_alone(const struct conf *conf, struct custody *c, struct verify *v)
{
	struct env_options o = {.dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .recover = true,
	    .sync = true};
	enum err e;

	if ((e = custody_seize(c, GRACE_MS)) != ERR_OK)
		return e;
	e = verify_closed(&o, v);
	return blame_store(v, e,
	    v->is_recovered
		? "A table cannot be read to its end."
		: "The store cannot be recovered: its log, or a table's file, "
		  "is damaged or missing.");
}

static int
report(const struct verify *v, enum err e, bool alone)
{
	if (e != ERR_OK) {
		fprintf(stderr, "rillctl: not verified: %s\n", err_text(e));
		return EX_UNAVAILABLE;
	}
	printf("%" PRIu64 " events in %" PRIu64 " streams%s: ", v->events,
	    v->streams, alone ? " and the pages of all tables" : "");
	if (v->faults == 0) {
		puts("no faults");
		return EX_OK;
	}
	printf("%" PRIu64 " fault(s)\n", v->faults);
	return EX_DATAERR;
}

int
ctl_verify(const struct conf *conf)
{
	struct ctl_progress progress = {.next_ms = 0};
	struct verify v = {
	    .on_fault = print_fault, .on_progress = show, .arg = &progress};
	struct custody *c;
	bool alone;
	enum err e;

	if (custody_open(&c, conf->data) != ERR_OK) {
		fprintf(
		    stderr, "rillctl: %s: %s\n", conf->data, strerror(errno));
		return EX_NOINPUT;
	}
	alone = custody_claim(c) == ERR_OK;
	e = alone ? verify_alone(conf, c, &v) : verify_in_use(conf, &v);
	custody_close(&c);
	ctl_progress_end(&progress);
	return report(&v, e, alone);
}
