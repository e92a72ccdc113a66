#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_cluster.h"

#define PATIENCE_MS 5000

/* NULL: it was refused, and the user is told.  The caller drops it. */
static json_t *
ask(const struct conf *conf, const char *command)
{
	json_t *request = json_pack("{s:s}", "command", command);
	struct control_call call = {
	    .dir = conf->data, .request = request, .patience_ms = PATIENCE_MS};
	enum err e = control_ask(&call);

	json_decref(request);
	if (e == ERR_OK)
		return call.result;
	fprintf(stderr, "rillctl: %s\n", call.why);
	return NULL;
}

/* The master's position, or -1. */
static json_int_t
position_of_master(const json_t *members)
{
	json_int_t best = -1;
	const json_t *m;
	const char *role;
	size_t i;

	json_array_foreach(members, i, m)
	{
		role = json_string_value(json_object_get(m, "role"));
		if (role != NULL && role[0] == 'm' &&
		    json_is_integer(json_object_get(m, "position")))
			best =
			    json_integer_value(json_object_get(m, "position"));
	}
	return best;
}

static void
print_number(json_int_t n)
{
	if (n >= 0)
		printf("  %12lld", (long long)n);
	else
		printf("  %12s", "-");
}

static void
print_member(const json_t *m, json_int_t master)
{
	const char *role = json_string_value(json_object_get(m, "role"));
	const json_t *position = json_object_get(m, "position");
	json_int_t at = -1, lag = -1;

	if (json_is_integer(position))
		at = json_integer_value(position);
	if (at >= 0 && master >= 0)
		lag = master > at ? master - at : 0;
	printf("%-8s", role == NULL ? "unknown" : role);
	print_number(at);
	print_number(lag);
	print_number(role == NULL
			 ? -1
			 : json_integer_value(json_object_get(m, "ageMs")));
	printf("  %s%s\n", json_string_value(json_object_get(m, "url")),
	    json_is_true(json_object_get(m, "isSelf")) ? " (this node)" : "");
}

int
ctl_cluster(const struct conf *conf)
{
	json_t *result = ask(conf, "cluster");
	const json_t *members;
	json_int_t master;
	size_t i;

	if (result == NULL)
		return EX_UNAVAILABLE;
	members = json_object_get(result, "members");
	master = position_of_master(members);
	printf("%-8s  %12s  %12s  %12s  %s\n", "role", "position", "behind",
	    "heard ms ago", "url");
	for (i = 0; i < json_array_size(members); i++)
		print_member(json_array_get(members, i), master);
	json_decref(result);
	return EX_OK;
}

int
ctl_step_down(const struct conf *conf)
{
	json_t *result = ask(conf, "step_down");

	if (result == NULL)
		return EX_UNAVAILABLE;
	puts("this node steps down; see rillctl cluster for the new master");
	json_decref(result);
	return EX_OK;
}
