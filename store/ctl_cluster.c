#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_args.h"
#include "store/ctl_cluster.h"

#define PATIENCE_MS 5000

/*
 * Takes over the request.  NULL: it was refused, and the user is told.  The
 * caller drops what is returned.
 */
static json_t *
ask(const struct conf *conf, json_t *request)
{
	struct control_call call = {
	    .dir = conf->data, .request = request, .patience_ms = PATIENCE_MS};
	enum err e = control_ask(&call);

	json_decref(request);
	if (e == ERR_OK)
		return call.result;
	fprintf(stderr, "rillctl: %s\n", call.why);
	return NULL;
}

static json_t *
command(const char *name)
{
	return json_pack("{s:s}", "command", name);
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

/* Of a node that is not in the configuration nobody knows the URL. */
static const char *
address_of(const json_t *m)
{
	const char *url = json_string_value(json_object_get(m, "url"));

	return url != NULL ? url
			   : json_string_value(json_object_get(m, "listen"));
}

/* -1: it does not have it. */
static json_int_t
number_of(const json_t *m, const char *name)
{
	const json_t *number = json_object_get(m, name);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

static void
print_member(const json_t *m, json_int_t master)
{
	const char *role = json_string_value(json_object_get(m, "role"));
	json_int_t at = number_of(m, "position"), lag = -1;

	if (at >= 0 && master >= 0)
		lag = master > at ? master - at : 0;
	printf("%-8s", role == NULL ? "unknown" : role);
	print_number(at);
	print_number(lag);
	print_number(number_of(m, "ageMs"));
	printf("  %s%s\n", address_of(m),
	    json_is_true(json_object_get(m, "isSelf")) ? " (this node)" : "");
}

int
ctl_cluster(const struct conf *conf)
{
	json_t *result = ask(conf, command("cluster"));
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
	json_t *result = ask(conf, command("step_down"));

	if (result == NULL)
		return EX_UNAVAILABLE;
	puts("this node steps down; see rillctl cluster for the new master");
	json_decref(result);
	return EX_OK;
}

int
ctl_forget(const struct conf *conf, const struct ctl_args *args)
{
	json_t *request, *result;

	if (args->nwords != 1)
		return EX_USAGE;
	/* NULL, if the word is no UTF-8: the agent refuses it then. */
	request = command("forget");
	json_object_set_new(request, "address", json_string(args->words[0]));
	if ((result = ask(conf, request)) == NULL)
		return EX_UNAVAILABLE;
	printf("%s is no member any more\n", args->words[0]);
	json_decref(result);
	return EX_OK;
}
