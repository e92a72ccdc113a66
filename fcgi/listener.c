#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi/listener.h"
#include "store/log.h"

#define BACKLOG 4096

static int
fail(const char *path, const char *why)
{
	log_error("worker", "listening on %s: %s", path, why);
	return -1;
}

/* Whether it is a socket that another process left. */
static bool
is_left_over(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = false;

	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) !=
	    0)
		refused = errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* NULL, or why not. */
static const char *
make_way(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return "there is something else, which is no socket";
	if (!is_left_over(address))
		return "another process listens there already";
	return unlink(address->sun_path) == 0 ? NULL : strerror(errno);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *why;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(path, "the path of a socket has at most 107 bytes");
	memcpy(address.sun_path, path, strlen(path));
	if ((why = make_way(&address)) != NULL)
		return fail(path, why);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	fail(path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
listener_open(const char *path)
{
	struct stat st;

	if (path != NULL)
		return listen_at(path);
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode))
		return STDIN_FILENO;
	log_error("worker",
	    "descriptor 0 is no socket: start it from a web server or "
	    "spawn-fcgi, or give --listen");
	return -1;
}

void
listener_remove(const char *path)
{
	if (path != NULL)
		unlink(path);
}
