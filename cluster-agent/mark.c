#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster-agent/mark.h"
#include "store/alloc.h"
#include "store/log.h"

#define MARK        "group"
#define SETTLED     "settled"
#define FIRST_TABLE "streams.db"

/* The marks, and what the library keeps of the group. */
static const char *const group_files[] = {"__db.rep.system", "__db.rep.gen",
    "__db.rep.egen", "__db.rep.init", "__db.rep.db", "__db.reppg.db", SETTLED,
    MARK};
#define GROUP_FILES (sizeof(group_files) / sizeof(group_files[0]))

static bool
is_there(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	bool is = access(path, F_OK) == 0;

	free(path);
	return is;
}

bool
mark_is_there(const char *dir)
{
	return is_there(dir, MARK);
}

bool
mark_has_store(const char *dir)
{
	return is_there(dir, FIRST_TABLE);
}

static enum err
make(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	enum err e = ERR_OK;

	if (fd < 0 || fsync(fd) != 0) {
		log_error("cluster", "writing %s: %s", path, strerror(errno));
		e = ERR_IO;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

enum err
mark_make(const char *dir)
{
	return make(dir, MARK);
}

bool
mark_is_settled(const char *dir)
{
	return is_there(dir, SETTLED);
}

enum err
mark_settle(const char *dir)
{
	return make(dir, SETTLED);
}

enum err
mark_remove(const char *dir)
{
	enum err e = ERR_OK;
	char *path;
	size_t i;

	if (!is_there(dir, MARK))
		return ERR_OK;
	log_info("cluster", "this node is alone from now on");
	for (i = 0; i < GROUP_FILES && e == ERR_OK; i++) {
		path = xasprintf("%s/%s", dir, group_files[i]);
		if (unlink(path) != 0 && errno != ENOENT) {
			log_error("cluster", "removing %s: %s", path,
			    strerror(errno));
			e = ERR_IO;
		}
		free(path);
	}
	return e;
}
