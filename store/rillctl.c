#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/alloc.h"
#include "store/conf.h"
#include "store/ctl_args.h"
#include "store/ctl_backup.h"
#include "store/ctl_cluster.h"
#include "store/ctl_export.h"
#include "store/ctl_scavenge.h"
#include "store/ctl_status.h"
#include "store/ctl_user.h"
#include "store/ctl_verify.h"
#include "store/log.h"

static const char usage[] =
    "usage: rillctl [--config FILE] COMMAND\n"
    "\n"
    "  status         role, positions, sizes, workers and versions\n"
    "  cluster        the nodes: role, position, how far behind, address\n"
    "  step-down      let another node be master\n"
    "  forget ADDRESS put a node that was replaced out of the cluster\n"
    "  scavenge       remove for good what can no longer be read\n"
    "  verify         check that the store is whole, in use or not\n"
    "  backup [DIR] [--full]\n"
    "                 copy the running store, or what was written since\n"
    "  restore DIR [--to DATA]\n"
    "                 make a store of a backup\n"
    "  export [--stream NAME] [FILE]\n"
    "                 write all events, or a stream's, as lines of JSON\n"
    "  import [FILE]  write to the store what an export has\n"
    "  user list      all accounts: login, state, groups, name\n"
    "  user add LOGIN [--name TEXT] [--group GROUP]...\n"
    "                 make an account\n"
    "  user passwd LOGIN\n"
    "                 give it another password\n"
    "  user disable LOGIN, user enable LOGIN\n"
    "                 refuse it, or take it again\n"
    "  user delete LOGIN\n"
    "                 delete it\n"
    "\n"
    "Passwords are asked for at the terminal, or else read from standard\n"
    "input.\n"
    "\n"
    "  --config FILE  the configuration; else $RILL_CONFIG, else the\n"
    "                 installed rill.json\n"
    "  --name TEXT    the full name of a new account\n"
    "  --full         a full backup where an increment would do\n"
    "  --group GROUP  one of its groups\n"
    "  --stream NAME  only this stream and its metadata\n"
    "  --to DATA      restore into this folder\n"
    "  --help         show this and exit\n"
    "  --version      show the version and exit\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"full", no_argument, NULL, 'f'},
    {"group", required_argument, NULL, 'g'},
    {"help", no_argument, NULL, 'h'},
    {"name", required_argument, NULL, 'n'},
    {"stream", required_argument, NULL, 's'},
    {"to", required_argument, NULL, 't'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/* What a command may be given. */
#define TAKES_WORDS  1u
#define TAKES_USER   2u /* --name, --group */
#define TAKES_STREAM 4u
#define TAKES_FULL   8u
#define TAKES_TO     16u

static const struct command {
	const char *name;
	int (*run)(const struct conf *); /* takes nothing */
	int (*run_with)(const struct conf *, const struct ctl_args *);
	unsigned int takes;
	const char *synopsis; /* what stands behind the name */
} commands[] = {
    {"status", ctl_status, NULL, 0, ""},
    {"cluster", ctl_cluster, NULL, 0, ""},
    {"step-down", ctl_step_down, NULL, 0, ""},
    {"forget", NULL, ctl_forget, TAKES_WORDS, " ADDRESS"},
    {"scavenge", ctl_scavenge, NULL, 0, ""},
    {"verify", ctl_verify, NULL, 0, ""},
    {"backup", NULL, ctl_backup, TAKES_WORDS | TAKES_FULL, " [DIR] [--full]"},
    {"restore", NULL, ctl_restore, TAKES_WORDS | TAKES_TO, " DIR [--to DATA]"},
    {"export", NULL, ctl_export, TAKES_WORDS | TAKES_STREAM,
	" [--stream NAME] [FILE]"},
    {"import", NULL, ctl_import, TAKES_WORDS, " [FILE]"},
    {"user", NULL, ctl_user, TAKES_WORDS | TAKES_USER,
	" list | add LOGIN [--name TEXT] [--group GROUP]... |\n"
	"           passwd LOGIN | disable LOGIN | enable LOGIN | delete "
	"LOGIN"},
};

/* Of one command, or NULL: of none that there is. */
static int
refuse_usage(const struct command *c)
{
	fprintf(stderr,
	    "usage: rillctl [--config FILE] %s%s\n"
	    "rillctl --help tells more.\n",
	    c == NULL ? "COMMAND" : c->name, c == NULL ? "" : c->synopsis);
	return EX_USAGE;
}

/* What was printed is worth nothing if it did not get there. */
static int
finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "rillctl: standard output: %s\n", strerror(errno));
	return status == EX_OK ? EX_IOERR : status;
}

static unsigned int
given(const struct ctl_args *args)
{
	unsigned int g = 0;

	if (args->nwords > 0)
		g |= TAKES_WORDS;
	if (args->full_name != NULL || args->ngroups > 0)
		g |= TAKES_USER;
	if (args->stream != NULL)
		g |= TAKES_STREAM;
	if (args->full)
		g |= TAKES_FULL;
	if (args->to != NULL)
		g |= TAKES_TO;
	return g;
}

static int
run_command(
    const struct command *c, const char *path, const struct ctl_args *args)
{
	char why[CONF_WHY_SIZE];
	struct conf *conf;
	int status;

	if ((given(args) & ~c->takes) != 0)
		return refuse_usage(c);
	if (conf_read(&conf, conf_path(path), why) != ERR_OK) {
		fprintf(stderr, "rillctl: %s\n", why);
		return EX_CONFIG;
	}
	status = c->run != NULL ? c->run(conf) : c->run_with(conf, args);
	conf_free(&conf);
	return status == EX_USAGE ? refuse_usage(c) : finish(status);
}

static int
run(const char *name, const char *path, const struct ctl_args *args)
{
	const size_t n = sizeof(commands) / sizeof(commands[0]);
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(commands[i].name, name) == 0)
			return run_command(&commands[i], path, args);
	fprintf(stderr, "rillctl: there is no command %s\n", name);
	return refuse_usage(NULL);
}

/* False: there are more than an account may have, which is said. */
static bool
add_group(struct ctl_args *args, const char *group)
{
	if (args->ngroups == USERS_MAX_GROUPS) {
		fprintf(stderr, "rillctl: an account has at most %d groups\n",
		    USERS_MAX_GROUPS);
		return false;
	}
	args->groups[args->ngroups++] = slice_str(group);
	return true;
}

int
main(int argc, char **argv)
{
	struct ctl_args args = {.nwords = 0};
	const char *path = NULL;
	int c;

	log_init("rillctl", LOG_LEVEL_WARN);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'f':
			args.full = true;
			break;
		case 'g':
			if (!add_group(&args, optarg))
				return refuse_usage(NULL);
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK;
		case 'n':
			args.full_name = optarg;
			break;
		case 's':
			args.stream = optarg;
			break;
		case 't':
			args.to = optarg;
			break;
		case 'v':
			puts("rillctl " PACKAGE_VERSION);
			return EX_OK;
		default:
			return refuse_usage(NULL);
		}
	if (argc == optind) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	/* jansson 2.14 leaves out a byte that it has no memory for. */
	json_set_alloc_funcs(xmalloc, free);
	args.words = argv + optind + 1;
	args.nwords = (size_t)(argc - optind - 1);
	return run(argv[optind], path, &args);
}
