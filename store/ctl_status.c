#include "config.h"

#include <db.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/ctl_status.h"
#include "store/custody.h"
#include "store/store.h"
#include "store/tbl_counters.h"
#include "store/txn.h"

#define PATIENCE_MS 3000

struct sizes {
	int64_t tables, logs, regions;
};

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* The bytes that a file takes on the disk. */
static int64_t
file_size(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct stat st;
	int64_t n = stat(path, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;

	free(path);
	return n;
}

static struct sizes
measure(const char *dir)
{
	struct sizes s = {0};
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL) {
		if (ends_with(f->d_name, ".db"))
			s.tables += file_size(dir, f->d_name);
		else if (strncmp(f->d_name, "log.", 4) == 0)
			s.logs += file_size(dir, f->d_name);
		else if (strncmp(f->d_name, "__db.", 5) == 0)
			s.regions += file_size(dir, f->d_name);
	}
	if (d != NULL)
		closedir(d);
	return s;
}

static void
print_sizes(const char *dir)
{
	struct sizes s = measure(dir);

	printf("tables      %.1f MiB\n", (double)s.tables / 1048576);
	printf("log         %.1f MiB\n", (double)s.logs / 1048576);
	printf("shared      %.1f MiB\n", (double)s.regions / 1048576);
}

/* The master file as it stands. */
static void
print_master(const char *dir)
{
	char *path = xasprintf("%s/master", dir), line[4096];
	FILE *f = fopen(path, "re");

	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		printf("master      %s", line);
	else
		printf(
		    "master      not known (%s: %s)\n", path, strerror(errno));
	if (f != NULL)
		fclose(f);
	free(path);
}

static void
print_members(struct custody *c)
{
	struct custody_member m[CUSTODY_SLOTS];
	unsigned int i, n = custody_members(c, m, CUSTODY_SLOTS);
	char since[CLOCK_TEXT_SIZE];

	printf("workers     %u\n", n);
	for (i = 0; i < n; i++) {
		clock_print(since, m[i].since);
		printf("            %s pid %ld since %s%s\n", m[i].program,
		    (long)m[i].pid, since, m[i].alive ? "" : " (dead)");
	}
}

static enum err
read_counters(struct txn *tx, void *arg)
{
	return tbl_counters_get(tx, arg);
}

/* ERR_UNAVAILABLE: the agent lets nobody in. */
static enum err
print_positions(const struct conf *conf)
{
	struct store_options o = {.program = "rillctl",
	    .dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .patience_ms = PATIENCE_MS,
	    .cluster = conf->cluster};
	struct counters counters;
	struct store *st;
	enum err e;

	if ((e = store_open(&st, &o)) != ERR_OK)
		return e;
	e = txn_run(st, TXN_READ, read_counters, &counters);
	store_close(&st);
	if (e != ERR_OK)
		return e;
	printf("position    %" PRIu64 "\n", counters.position);
	printf("streams     %" PRIu64 " (metastreams among them)\n",
	    counters.stream_id - 1);
	return ERR_OK;
}

int
ctl_status(const struct conf *conf)
{
	struct custody *c;
	bool alive;
	enum err e = ERR_UNAVAILABLE;

	if (custody_open(&c, conf->data) != ERR_OK) {
		fprintf(
		    stderr, "rillctl: %s: %s\n", conf->data, strerror(errno));
		return EX_NOINPUT;
	}
	alive = custody_agent_alive(c);
	printf("data        %s\n", conf->data);
	printf("version     rill %s, %s\n", PACKAGE_VERSION,
	    db_version(NULL, NULL, NULL));
	printf("agent       %s\n", alive ? "running" : "not running");
	print_master(conf->data);
	print_members(c);
	custody_close(&c);
	print_sizes(conf->data);
	if (alive && (e = print_positions(conf)) != ERR_OK)
		fprintf(stderr, "rillctl: %s\n", err_text(e));
	return e == ERR_OK ? EX_OK : EX_UNAVAILABLE;
}
