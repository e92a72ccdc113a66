#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/conf.h"
#include "store/ctl_status.h"
#include "store/ctl_verify.h"
#include "store/log.h"

static const char usage[] =
    "usage: rillctl [--config FILE] COMMAND\n"
    "\n"
    "  status         role, positions, sizes, workers and versions\n"
    "  verify         check that the store is whole, in use or not\n"
    "\n"
    "  --config FILE  the configuration; else $RILL_CONFIG, else the\n"
    "                 installed rill.json\n"
    "  --help         show this and exit\n"
    "  --version      show the version and exit\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static const struct command {
	const char *name;
	int (*run)(const struct conf *);
} commands[] = {
    {"status", ctl_status},
    {"verify", ctl_verify},
};

static int
run(const char *name, const char *path)
{
	const size_t n = sizeof(commands) / sizeof(commands[0]);
	char why[CONF_WHY_SIZE];
	struct conf *conf;
	size_t i;
	int status;

	for (i = 0; i < n && strcmp(commands[i].name, name) != 0; i++)
		continue;
	if (i == n) {
		fprintf(stderr, "rillctl: no command '%s'\n%s", name, usage);
		return EX_USAGE;
	}
	if (conf_read(&conf, conf_path(path), why) != ERR_OK) {
		fprintf(stderr, "rillctl: %s\n", why);
		return EX_CONFIG;
	}
	status = commands[i].run(conf);
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	int c;

	log_init("rillctl", LOG_LEVEL_WARN);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK;
		case 'v':
			puts("rillctl " PACKAGE_VERSION);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (argc - optind != 1) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	return run(argv[optind], path);
}
