#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster-agent/master_file.h"
#include "store/alloc.h"
#include "store/log.h"

/* 0 when there is no file, or none that can be right. */
static json_int_t
last_generation(const char *path)
{
	json_t *line = json_load_file(path, 0, NULL);
	json_int_t n;

	n = json_integer_value(json_object_get(line, "generation"));
	json_decref(line);
	return n > 0 && n < INT64_MAX ? n : 0;
}

static char *
make_line(json_int_t generation, enum role_kind role, const char *url)
{
	/* "s*": a NULL leaves the member out. */
	json_t *line = json_pack("{s:I, s:s, s:s*}", "generation", generation,
	    "role", role_text(role), "url", url[0] == '\0' ? NULL : url);
	char *text = json_dumps(line, 0), *with_end;

	json_decref(line);
	if (text == NULL)
		return NULL;
	with_end = xasprintf("%s\n", text);
	free(text);
	return with_end;
}

/*
 * Whole before the rename makes it the master file; not on disk, since after
 * a crash of the machine the agent writes it anew before anybody believes it.
 */
static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(text);
	int r = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, n) != (ssize_t)n)
		r = -1;
	if (close(fd) != 0)
		r = -1;
	return r;
}

enum err
master_file_write(const char *dir, enum role_kind role, const char *url)
{
	char *path = xasprintf("%s/master", dir);
	char *draft = xasprintf("%s/master.new", dir);
	char *line = make_line(last_generation(path) + 1, role, url);
	enum err e = ERR_OK;

	if (line == NULL || write_file(draft, line) != 0 ||
	    rename(draft, path) != 0) {
		log_error("master", "writing %s: %s", path, strerror(errno));
		e = ERR_IO;
	}
	free(line);
	free(draft);
	free(path);
	return e;
}
