#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cluster-agent/archivist.h"
#include "cluster-agent/cluster.h"
#include "cluster-agent/commands.h"
#include "cluster-agent/control.h"
#include "cluster-agent/custodian.h"
#include "cluster-agent/mark.h"
#include "cluster-agent/master_file.h"
#include "cluster-agent/scavenger.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/custody.h"
#include "store/env.h"
#include "store/env_log.h"
#include "store/format.h"
#include "store/keeper.h"
#include "store/log.h"
#include "store/restore.h"
#include "store/role.h"
#include "store/tally.h"

#define WATCH_MS 20
#define GRACE_MS 150  /* for workers to leave an environment that is broken */
#define LINE_MS  350  /* beside that, to give up waiting for other nodes */
#define RETIRE_S 20   /* for all of a stop */
#define LEAVE_MS 3000 /* for workers to leave when the agent stops */

struct custodian {
	const struct conf *conf;
	struct custody *custody;
	struct env *env;
	uint64_t end; /* of what was recovered */
	struct keeper *keeper;
	struct scavenger *scavenger;
	struct archivist *archivist;
	struct control *control;
	struct commands commands;
	struct tally *tally;
	struct cluster *cluster; /* NULL: the node is alone */
};

/* Recover, and make what a new store lacks.  Nobody else is inside. */
static enum err
recover(struct custodian *c)
{
	struct env_options o = {.dir = c->conf->data,
	    .cache_bytes = (size_t)c->conf->cache_mb << 20,
	    .recover = true,
	    .sync = c->conf->durability == CONF_DISK,
	    .group = c->cluster == NULL ? NULL : cluster_group(c->cluster)};
	int64_t start = clock_mono_ms();
	enum err e;

	if ((e = env_open(&c->env, &o)) != ERR_OK)
		return e;
	/* What was recovered need not be recovered again.  In a cluster the
	 * log is the master's to write, and nobody knows yet who that is. */
	if (c->cluster == NULL &&
	    ((e = format_check(c->env, &c->end)) != ERR_OK ||
		(e = env_checkpoint(c->env, 0)) != ERR_OK))
		return e;
	tally_add(c->tally, TALLY_RECOVERIES, 1);
	log_info("store", "%s: recovered in %lld ms", c->conf->data,
	    (long long)(clock_mono_ms() - start));
	return ERR_OK;
}

/* Without it, which the log tells, the node still serves its clients. */
static void
answer_requests(struct custodian *c)
{
	struct control_options o = {.dir = c->conf->data,
	    .commands = commands_table,
	    .arg = &c->commands};

	c->commands = (struct commands){.scavenger = c->scavenger,
	    .archivist = c->archivist,
	    .keeper = c->keeper,
	    .cluster = c->cluster,
	    .conf = c->conf};
	control_start(&c->control, &o);
}

/* A node that is alone is its own master, for ever. */
static enum err
reign(struct custodian *c)
{
	struct role *role;
	uint64_t tenure;
	enum err e;

	if ((e = role_open(&role, c->conf->data)) != ERR_OK) {
		log_error("agent", "%s: %s", c->conf->data, strerror(errno));
		return e;
	}
	role_reset(role, false);
	role_assume(role, ROLE_MASTER, c->conf->url);
	role_prolong(role, ROLE_FOR_EVER);
	role_is_master(role, &tenure);
	role_raise_acked(role, tenure, c->end);
	role_close(&role);
	e = master_file_write(c->conf->data, ROLE_MASTER, c->conf->url);
	if (e != ERR_OK)
		return e;
	log_info("agent", "master at %s", c->conf->url);
	return ERR_OK;
}

/* A keeper_need_f. */
static void
need_logs(void *arg, struct env_log_need *need)
{
	struct custodian *c = arg;

	if (c->cluster != NULL)
		cluster_need_logs(c->cluster, need);
	need->backup_bytes = (uint64_t)c->conf->backup_log_mb << 20;
}

static enum err
prepare(struct custodian *c)
{
	if (restore_is_unfinished(c->conf->data)) {
		log_error("agent",
		    "%s: a restore was not finished; empty the folder, and "
		    "restore again",
		    c->conf->data);
		return ERR_INVALID;
	}
	if (c->conf->cluster == NULL)
		return mark_remove(c->conf->data);
	return cluster_new(&c->cluster, c->conf);
}

static void
start_services(struct custodian *c)
{
	c->scavenger =
	    scavenger_start(&(struct scavenger_options){.env = c->env,
		.dir = c->conf->data,
		.every_hours = c->conf->scavenge_hours,
		.role = c->cluster == NULL ? NULL : cluster_role(c->cluster)});
	c->archivist =
	    archivist_start(&(struct archivist_options){.env = c->env,
		.store = c->cluster == NULL ? NULL : cluster_store(c->cluster),
		.keeper = c->keeper,
		.data = c->conf->data,
		.folder = c->conf->backup_folder});
	answer_requests(c);
}

static enum err
take_office(struct custodian *c)
{
	enum err e;

	if ((e = custody_open(&c->custody, c->conf->data)) != ERR_OK ||
	    (e = tally_open(&c->tally, c->conf->data)) != ERR_OK) {
		log_error("custody", "%s: %s", c->conf->data, strerror(errno));
		return e;
	}
	e = custody_seize(
	    c->custody, GRACE_MS + (c->conf->cluster == NULL ? 0 : LINE_MS));
	if (e != ERR_OK)
		return e;
	if ((e = prepare(c)) != ERR_OK || (e = recover(c)) != ERR_OK)
		return e;
	c->keeper = keeper_start(c->env, need_logs, c);
	e = c->cluster == NULL ? reign(c)
			       : cluster_start(c->cluster, c->env, c->custody);
	if (e != ERR_OK)
		return e;
	start_services(c);
	/* Who is let in may ask for them; a cluster lets in by itself. */
	return c->cluster == NULL ? custody_admit(c->custody) : ERR_OK;
}

/*
 * False when the environment must be recovered.  Nothing here may call the
 * library: a worker that dies inside it can leave a lock on which the call
 * would wait for ever, and nobody would notice the death.
 */
static bool
all_is_well(struct custodian *c)
{
	unsigned int n = custody_casualties(c->custody);

	if (n > 0)
		log_warn("custody", "%u worker(s) died or met trouble", n);
	return n == 0 && !env_panicked(c->env) &&
	       !cluster_has_failed(c->cluster);
}

/* Until a signal asks to stop, or false: recovery is needed. */
static bool
watch(struct custodian *c)
{
	struct timespec step = {0, WATCH_MS * 1000000};
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	while (sigtimedwait(&stop, NULL, &step) < 0)
		if (!all_is_well(c))
			return false;
	return true;
}

/*
 * Drop everything as it is: the next process recovers it.  The threads go on
 * until this one ends.  They cannot be joined: one of them may wait in the
 * library for a lock of a process that died, which no panic gives back.
 */
static int
begin_anew(struct custodian *c)
{
	custody_dismiss(c->custody);
	env_panic(c->env);
	return cluster_stands_back(c->cluster) ? CUSTODIAN_STANDS_BACK
					       : EX_TEMPFAIL;
}

static int
retire(struct custodian *c)
{
	struct custody_member m;
	int64_t deadline = clock_mono_ms() + LEAVE_MS;

	/* A worker that dies inside just now can leave a lock on which the
	 * last checkpoint waits for ever: then the next start recovers. */
	alarm(RETIRE_S);
	control_stop(&c->control);
	scavenger_stop(&c->scavenger);
	archivist_stop(&c->archivist);
	cluster_stop(c->cluster);
	keeper_stop(&c->keeper);
	custody_dismiss(c->custody);
	while (custody_members(c->custody, &m, 1) > 0 &&
	       clock_mono_ms() < deadline)
		clock_sleep_ms(WATCH_MS);
	env_close(&c->env);
	master_file_write(c->conf->data, ROLE_NONE, "");
	tally_close(&c->tally);
	custody_close(&c->custody);
	log_info("agent", "stopped");
	return 0;
}

int
custodian_run(const struct conf *conf)
{
	/* Never freed: threads borrow it, see begin_anew(). */
	struct custodian *c = xcalloc(1, sizeof(*c));
	enum err e;

	c->conf = conf;
	if ((e = take_office(c)) != ERR_OK) {
		log_error("agent", "cannot open the store: %s", err_text(e));
		return e == ERR_RECOVERY ? EX_TEMPFAIL : EX_UNAVAILABLE;
	}
	return watch(c) ? retire(c) : begin_anew(c);
}
