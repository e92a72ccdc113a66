#include "config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_scavenge.h"

#define PATIENCE_MS 30000 /* a pass tells of itself more often */
#define MIB         1048576.0

static json_int_t
member(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

static void
show_progress(void *arg, const json_t *line)
{
	const char *phase = json_string_value(json_object_get(line, "phase"));

	(void)arg;
	fprintf(stderr, "\r%s: %lld streams, %lld events, %.1f MiB \033[K",
	    phase == NULL ? "" : phase, (long long)member(line, "streams"),
	    (long long)member(line, "events"),
	    (double)member(line, "bytes") / MIB);
}

static void
print_result(const json_t *r)
{
	printf("streams     %lld looked at\n", (long long)member(r, "streams"));
	printf("removed     %lld events, %.1f MiB of records\n",
	    (long long)member(r, "events"), (double)member(r, "bytes") / MIB);
	printf("forgotten   %lld event ids\n", (long long)member(r, "ids"));
	printf("tables      %.1f MiB before, %.1f MiB now\n",
	    (double)member(r, "bytesBefore") / MIB,
	    (double)member(r, "bytesAfter") / MIB);
	printf(
	    "time        %.1f s\n", (double)member(r, "milliseconds") / 1000);
	if (member(r, "damaged") > 0)
		printf("damaged     %lld places left as they are, see the "
		       "agent's log and rillctl verify\n",
		    (long long)member(r, "damaged"));
}

static int
status_of(enum err e)
{
	if (e == ERR_OK)
		return EX_OK;
	return e == ERR_TAKEN ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

int
ctl_scavenge(const struct conf *conf)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	json_t *request =
	    json_pack("{s:s, s:b}", "command", "scavenge", "wait", 1);
	struct control_call call = {.dir = conf->data,
	    .request = request,
	    .patience_ms = PATIENCE_MS,
	    .on_progress = terminal ? show_progress : NULL};
	enum err e = control_ask(&call);

	json_decref(request);
	if (terminal)
		fputs("\r\033[K", stderr);
	if (e == ERR_OK)
		print_result(call.result);
	else
		fprintf(stderr, "rillctl: %s\n", call.why);
	json_decref(call.result);
	return status_of(e);
}
