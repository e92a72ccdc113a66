#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster-agent/archivist.h"
#include "cluster-agent/cluster.h"
#include "cluster-agent/commands.h"
#include "cluster-agent/scavenger.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/control.h"
#include "store/keeper.h"
#include "store/role.h"

#define PROGRESS_MS 250 /* from one line to the next */
#define LOOK_MS     20  /* whether a client that holds something is there */
#define MAX_HOLDERS 4   /* of CONTROL_THREADS */

/* False: there are members beside "command", and the client is told. */
static bool
has_no_arguments(struct control_client *cl, const json_t *request)
{
	if (json_object_size(request) == 1)
		return true;
	control_refuse(cl, ERR_INVALID,
	    "This command takes no members beside \"command\".");
	return false;
}

static void
ping(struct control_client *cl, const json_t *request, void *arg)
{
	(void)arg;
	if (has_no_arguments(cl, request))
		control_result(cl, json_pack("{s:i}", "pid", (int)getpid()));
}

/* What a client may be told when a pass was broken off. */
static void
refuse_broken_pass(struct control_client *cl, enum err e)
{
	char why[CONTROL_WHY_SIZE];

	snprintf(why, sizeof(why), "Scavenging was broken off: %s.",
	    e == ERR_UNAVAILABLE ? "the agent stops" : err_text(e));
	control_refuse(cl, e, why);
}

static void
follow_pass(struct control_client *cl, struct scavenger *sc, uint64_t number)
{
	struct scavenger_pass pass = {.number = number};

	scavenger_look(sc, &pass, PROGRESS_MS);
	while (!pass.is_over && control_wanted(cl)) {
		control_progress(cl, scavenger_report(&pass.did));
		pass.number = number;
		scavenger_look(sc, &pass, PROGRESS_MS);
	}
	if (!pass.is_over)
		refuse_broken_pass(cl, ERR_UNAVAILABLE);
	else if (pass.outcome != ERR_OK)
		refuse_broken_pass(cl, pass.outcome);
	else
		control_result(cl, scavenger_report(&pass.did));
}

static void
scavenge(struct control_client *cl, const json_t *request, void *arg)
{
	const struct commands *c = arg;
	const json_t *wait = json_object_get(request, "wait");
	uint64_t number;
	enum err e;

	if (json_object_size(request) != (wait == NULL ? 1 : 2) ||
	    (wait != NULL && !json_is_boolean(wait)))
		control_refuse(cl, ERR_INVALID,
		    "This command takes one member, \"wait\", true or false.");
	else if ((e = scavenger_ask(c->scavenger, &number)) == ERR_NOT_MASTER)
		control_refuse(
		    cl, e, "This node is not the master: have that scavenge.");
	else if (e == ERR_BUSY)
		control_refuse(cl, e,
		    "An export is being made: scavenge when it is done.");
	else if (e != ERR_OK)
		control_refuse(
		    cl, ERR_TAKEN, "The store is being scavenged already.");
	else if (json_is_true(wait))
		follow_pass(cl, c->scavenger, number);
	else
		control_result(
		    cl, json_pack("{s:I}", "pass", (json_int_t)number));
}

static void
back_up(struct control_client *cl, const json_t *request, void *arg)
{
	const struct commands *c = arg;
	const json_t *begin = json_object_get(request, "begin");
	const char *kind = json_string_value(begin);
	bool full = kind != NULL && strcmp(kind, "full") == 0;
	enum err e = ERR_OK;

	if (json_object_size(request) != (begin == NULL ? 1 : 2) ||
	    (begin != NULL && !full &&
		(kind == NULL || strcmp(kind, "increment") != 0))) {
		control_refuse(cl, ERR_INVALID,
		    "This command takes one member, \"begin\", which is "
		    "\"increment\" or \"full\".");
		return;
	}
	if (begin != NULL)
		e = archivist_ask(c->archivist, full);
	if (e == ERR_INVALID)
		control_refuse(cl, e,
		    "Set \"backup_folder\" in rill.json: it is where the "
		    "backup is made.");
	else if (e == ERR_BUSY)
		control_refuse(cl, e, "A backup is being made by rillctl.");
	else
		control_result(cl, archivist_report(c->archivist));
}

static json_t *
member_line(struct cluster *c, size_t node)
{
	struct cluster_member m;
	json_t *line;

	cluster_member(c, node, &m);
	line = json_pack("{s:s, s:b}", "url", m.url, "isSelf", m.is_self);
	if (!m.is_known)
		return line;
	json_object_update_new(line,
	    json_pack("{s:s, s:s, s:I, s:I}", "listen", m.pulse.listen, "role",
		role_text(m.pulse.role), "position",
		(json_int_t)m.pulse.position, "ageMs", (json_int_t)m.age_ms));
	return line;
}

static void
add_strangers(json_t *members, struct cluster *c)
{
	struct group_address them[CONF_MAX_NODES];
	size_t n = cluster_strangers(c, them, CONF_MAX_NODES), i;

	for (i = 0; i < n; i++)
		json_array_append_new(
		    members, json_pack("{s:s, s:s}", "listen", them[i].text,
				 "role", "unlisted"));
}

static void
list_members(struct control_client *cl, const json_t *request, void *arg)
{
	const struct commands *c = arg;
	json_t *members;
	size_t i;

	if (!has_no_arguments(cl, request))
		return;
	members = json_array();
	if (c->cluster == NULL)
		json_array_append_new(
		    members, json_pack("{s:s, s:b, s:s}", "url", c->conf->url,
				 "isSelf", 1, "role", "master"));
	for (i = 0; c->cluster != NULL && i < cluster_size(c->cluster); i++)
		json_array_append_new(members, member_line(c->cluster, i));
	if (c->cluster != NULL)
		add_strangers(members, c->cluster);
	control_result(cl, json_pack("{s:o}", "members", members));
}

static void
forget(struct control_client *cl, const json_t *request, void *arg)
{
	const struct commands *c = arg;
	const char *address =
	    json_string_value(json_object_get(request, "address"));
	enum err e = ERR_INVALID;

	if (json_object_size(request) == 2 && address != NULL &&
	    c->cluster != NULL)
		e = cluster_forget(c->cluster, address);
	if (e == ERR_OK)
		control_result(cl, json_object());
	else if (e == ERR_INVALID)
		control_refuse(
		    cl, e, "This is no node that \"cluster\" calls unlisted.");
	else if (e == ERR_NO_MASTER)
		control_refuse(cl, e, "There is no master that could do it.");
	else
		control_refuse(cl, e, "It failed: see the agent's log.");
}

static void
step_down(struct control_client *cl, const json_t *request, void *arg)
{
	const struct commands *c = arg;

	if (!has_no_arguments(cl, request))
		return;
	if (c->cluster == NULL)
		control_refuse(cl, ERR_INVALID,
		    "This node is alone: nobody could take its place.");
	else if (cluster_step_down(c->cluster) != ERR_OK)
		control_refuse(
		    cl, ERR_NOT_MASTER, "This node is not the master.");
	else
		control_result(cl, json_object());
}

static void
stay_held(struct control_client *cl)
{
	control_progress(cl, json_pack("{s:b}", "held", 1));
	while (control_wanted(cl))
		clock_sleep_ms(LOOK_MS);
	control_refuse(cl, ERR_UNAVAILABLE, "The agent stops.");
}

/* The library would not notice that a table is copied twice at a time. */
static void
hold_logs(struct control_client *cl, struct commands *c)
{
	if (!archivist_yield(c->archivist)) {
		control_refuse(
		    cl, ERR_TAKEN, "A backup of the store is being made.");
		return;
	}
	keeper_hold_logs(c->keeper);
	stay_held(cl);
	keeper_release_logs(c->keeper);
	archivist_resume(c->archivist);
}

static void
hold_scavenging(struct control_client *cl, const struct commands *c)
{
	scavenger_hold(c->scavenger);
	while (
	    !scavenger_rests(c->scavenger, PROGRESS_MS) && control_wanted(cl))
		control_progress(cl, json_pack("{s:b}", "held", 0));
	stay_held(cl);
	scavenger_release(c->scavenger);
}

static void
hold(struct control_client *cl, const json_t *request, void *arg)
{
	struct commands *c = arg;
	const char *what = json_string_value(json_object_get(request, "what"));
	bool is_logs = what != NULL && strcmp(what, "logs") == 0;

	if (json_object_size(request) != 2 || what == NULL ||
	    (!is_logs && strcmp(what, "scavenging") != 0)) {
		control_refuse(cl, ERR_INVALID,
		    "This command takes one member, \"what\", which is "
		    "\"logs\" or \"scavenging\".");
		return;
	}
	if (atomic_fetch_add(&c->holders, 1) >= MAX_HOLDERS)
		control_refuse(cl, ERR_BUSY,
		    "Too many backups and exports are being made.");
	else if (is_logs)
		hold_logs(cl, c);
	else
		hold_scavenging(cl, c);
	atomic_fetch_sub(&c->holders, 1);
}

const struct control_command commands_table[] = {
    {"backup", back_up},
    {"cluster", list_members},
    {"forget", forget},
    {"hold", hold},
    {"ping", ping},
    {"scavenge", scavenge},
    {"step_down", step_down},
    {NULL, NULL},
};
