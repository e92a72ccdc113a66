#include "config.h"

#include <jansson.h>
#include <unistd.h>

#include "cluster-agent/commands.h"

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

const struct control_command commands_table[] = {
    {"ping", ping},
    {NULL, NULL},
};
