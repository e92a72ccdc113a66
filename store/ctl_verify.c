#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/conf.h"
#include "store/ctl_verify.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/store.h"
#include "store/verify.h"

#define PATIENCE_MS 10000
#define GRACE_MS    1000

static void
print_fault(void *arg, const char *sentence)
{
	(void)arg;
	puts(sentence);
}

static enum err
verify_in_use(const struct conf *conf, struct verify *v)
{
	struct store_options o = {.program = "rillctl",
	    .dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .patience_ms = PATIENCE_MS};
	struct store *st;
	enum err e;

	if ((e = store_open(&st, &o)) != ERR_OK)
		return e;
	e = verify_store(st, v);
	store_close(&st);
	return e;
}

/* In the agent's place: recover, check, and then the files' pages. */
static enum err
verify_alone(const struct conf *conf, struct custody *c, struct verify *v)
{
	struct env_options o = {.dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .recover = true,
	    .sync = true};
	struct env *env;
	enum err e;

	if ((e = custody_seize(c, GRACE_MS)) != ERR_OK)
		return e;
	if ((e = env_open(&env, &o)) != ERR_OK)
		return e;
	if ((e = verify_env(env, v)) == ERR_OK)
		e = env_checkpoint(env, 0);
	env_close(&env);
	return e == ERR_OK ? verify_files(conf->data, v) : e;
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
	struct verify v = {.on_fault = print_fault};
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
	return report(&v, e, alone);
}
