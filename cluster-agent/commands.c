#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster-agent/commands.h"
#include "cluster-agent/scavenger.h"
#include "store/control.h"

#define PROGRESS_MS 250 /* from one line to the next */

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

	if (json_object_size(request) != (wait == NULL ? 1 : 2) ||
	    (wait != NULL && !json_is_boolean(wait)))
		control_refuse(cl, ERR_INVALID,
		    "This command takes one member, \"wait\", true or false.");
	else if (scavenger_ask(c->scavenger, &number) != ERR_OK)
		control_refuse(
		    cl, ERR_TAKEN, "The store is being scavenged already.");
	else if (json_is_true(wait))
		follow_pass(cl, c->scavenger, number);
	else
		control_result(
		    cl, json_pack("{s:I}", "pass", (json_int_t)number));
}

const struct control_command commands_table[] = {
    {"ping", ping},
    {"scavenge", scavenge},
    {NULL, NULL},
};
