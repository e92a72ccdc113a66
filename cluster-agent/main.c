#include "config.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cluster-agent/supervisor.h"
#include "store/alloc.h"
#include "store/conf.h"
#include "store/log.h"

static const char usage[] =
    "usage: rill-agent [--config FILE]\n"
    "\n"
    "Look after a Rill store: recover it, write checkpoints, watch over the\n"
    "workers.  Stays in the foreground; SIGTERM stops it.\n"
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

static int
run(const char *path)
{
	char why[CONF_WHY_SIZE];
	struct conf *conf;
	int status;

	if (conf_read(&conf, conf_path(path), why) != ERR_OK) {
		log_error("conf", "%s", why);
		return EX_CONFIG;
	}
	status = supervisor_run(conf);
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	int c;

	log_init("rill-agent", LOG_LEVEL_INFO);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK;
		case 'v':
			puts("rill-agent " PACKAGE_VERSION);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind < argc) {
		fprintf(stderr, "rill-agent: no arguments, please\n%s", usage);
		return EX_USAGE;
	}
	/* jansson 2.14 leaves out a byte that it has no memory for. */
	json_set_alloc_funcs(xmalloc, free);
	return run(path);
}
