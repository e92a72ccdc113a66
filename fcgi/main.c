#include "config.h"

#include <fcgiapp.h>
#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "fcgi/listener.h"
#include "fcgi/worker.h"
#include "fcgi/xml_parse.h"
#include "store/alloc.h"
#include "store/conf.h"
#include "store/log.h"

static const char usage[] =
    "usage: rill.fcgi [--config FILE] [--listen PATH]\n"
    "\n"
    "Answer HTTP requests that a web server passes on over FastCGI.  The\n"
    "socket is descriptor 0, unless --listen makes one.  SIGTERM stops it.\n"
    "\n"
    "  --config FILE  the configuration; else $RILL_CONFIG, else the\n"
    "                 installed rill.json\n"
    "  --listen PATH  make a Unix socket there and listen on it\n"
    "  --help         show this and exit\n"
    "  --version      show the version and exit\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"listen", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/*
 * Who has no memory for it ends: jansson 2.14 leaves out a byte, and "data" may
 * be another folder then.
 */
static enum err
read_conf(struct conf **conf, const char *path)
{
	char why[CONF_WHY_SIZE];
	enum err e;

	json_set_alloc_funcs(xmalloc, free);
	if ((e = conf_read(conf, conf_path(path), why)) != ERR_OK)
		log_error("conf", "%s", why);
	json_set_alloc_funcs(malloc, free);
	return e;
}

static int
run(const char *config, const char *path)
{
	struct conf *conf;
	sigset_t stop;
	int fd, status = EX_OSERR;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* What was freed is overwritten: libfcgi's buffers hold passwords. */
	mallopt(M_PERTURB, 1);
	xml_parse_init();
	if (read_conf(&conf, config) != ERR_OK)
		return EX_CONFIG;
	if (FCGX_Init() == 0 && (fd = listener_open(path)) >= 0) {
		status = worker_run(conf, fd) == ERR_OK ? EX_OK : EX_OSERR;
		listener_remove(path);
	}
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	const char *config = NULL, *path = NULL;
	int c;

	log_init("rill.fcgi", LOG_LEVEL_INFO);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'l':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK;
		case 'v':
			puts("rill.fcgi " PACKAGE_VERSION);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind < argc) {
		fprintf(stderr, "rill.fcgi: no arguments, please\n%s", usage);
		return EX_USAGE;
	}
	return run(config, path);
}
