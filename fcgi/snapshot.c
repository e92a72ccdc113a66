#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/server.h"
#include "fcgi/snapshot.h"
#include "store/clock.h"
#include "store/store.h"
#include "store/stream.h"

#define LINE_SIZE 256

/* A file of /proc/PID: its first line, or false. */
static bool
read_line(char line[LINE_SIZE], pid_t pid, const char *name)
{
	char path[64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	ok = fgets(line, LINE_SIZE, f) != NULL;
	fclose(f);
	return ok;
}

static uint64_t
count_files(pid_t pid)
{
	char path[64];
	const struct dirent *entry;
	uint64_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if ((d = opendir(path)) == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The nth field behind the name in stat, from 0: the state; see proc(5). */
static uint64_t
stat_field(const char *line, unsigned int n)
{
	const char *at = strrchr(line, ')');

	for (at = at == NULL ? "" : at + 1; n > 0 && *at != '\0'; n--)
		at += 1 + strcspn(at + 1, " ");
	return strtoull(at, NULL, 10);
}

static void
look_at_process(struct snapshot *s, pid_t pid)
{
	char line[LINE_SIZE];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (read_line(line, pid, "statm"))
		s->resident_bytes +=
		    page * strtoull(line + strcspn(line, " "), NULL, 10);
	if (read_line(line, pid, "stat"))
		s->threads += stat_field(line, 17);
	s->open_files += count_files(pid);
}

static void
look_at_machine(struct snapshot *s)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct stat st;

	s->pid = getpid();
	s->free_memory_bytes = page * (uint64_t)sysconf(_SC_AVPHYS_PAGES);
	if (getloadavg(s->load, 3) != 3)
		memset(s->load, 0, sizeof(s->load));
	if (stat("/proc/self", &st) == 0)
		s->started = st.st_ctim.tv_sec * CLOCK_TICKS_PER_S;
}

void
snapshot_take(struct snapshot *s, struct server *server)
{
	struct store *st = server->store;
	size_t i;

	*s = (struct snapshot){.end = 0};
	tally_sum(store_tally(st), &s->sums);
	tally_look(store_tally(st), &s->living);
	role_look(store_role(st), &s->role);
	s->is_open = usage_read(st, &s->usage) == ERR_OK &&
		     stream_read_end(st, &s->end) == ERR_OK;
	for (i = 0; i < s->living.npids; i++)
		look_at_process(s, s->living.pids[i]);
	look_at_machine(s);
}
