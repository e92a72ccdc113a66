#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cluster-agent/control.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/control.h"
#include "store/log.h"

#define BACKLOG        16
#define ACCEPT_REST_MS 100 /* when descriptors or memory are out */

/* A thread, and the client that it serves. */
struct control_client {
	struct control *control;
	pthread_t thread;
	int fd; /* -1: none; changes under the mutex */
	atomic_bool is_gone;
};

struct control {
	struct control_options options;
	int folder; /* the socket's */
	int fd;
	pthread_mutex_t mutex;
	atomic_bool stopping;
	unsigned int nclients;
	struct control_client clients[CONTROL_THREADS];
};

/* line is taken. */
static void
say(struct control_client *cl, const char *is, json_t *line)
{
	enum err e;

	json_object_set_new(line, "is", json_string(is));
	if (atomic_load(&cl->is_gone)) {
		json_decref(line);
		return;
	}
	if ((e = control_write(cl->fd, line)) == ERR_TOO_LARGE)
		log_error("control", "an answer is too long");
	if (e != ERR_OK)
		atomic_store(&cl->is_gone, true);
}

void
control_progress(struct control_client *cl, json_t *members)
{
	say(cl, "progress", members);
}

void
control_result(struct control_client *cl, json_t *members)
{
	say(cl, "result", members);
}

void
control_refuse(struct control_client *cl, enum err e, const char *sentence)
{
	say(cl, "refusal",
	    json_pack(
		"{s:s, s:s}", "error", control_error_word(e), "why", sentence));
}

bool
control_wanted(struct control_client *cl)
{
	char byte;
	ssize_t n;

	if (atomic_load(&cl->control->stopping) || atomic_load(&cl->is_gone))
		return false;
	n = recv(cl->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static const struct control_command *
find_command(const struct control *c, const char *name)
{
	const struct control_command *cmd = c->options.commands;

	while (cmd->name != NULL && strcmp(cmd->name, name) != 0)
		cmd++;
	return cmd->name == NULL ? NULL : cmd;
}

static void
refuse_command(struct control_client *cl, const char *name)
{
	const struct control_command *cmd = cl->control->options.commands;
	char why[CONTROL_WHY_SIZE], quoted[LOG_QUOTE_SIZE];
	int n;

	n = snprintf(why, sizeof(why), "There is no command %.80s; there are",
	    log_quote(quoted, slice_str(name)));
	for (; cmd->name != NULL && n > 0 && n < (int)sizeof(why); cmd++)
		n += snprintf(why + n, sizeof(why) - (size_t)n, " \"%s\"%s",
		    cmd->name, cmd[1].name == NULL ? "." : ",");
	control_refuse(cl, ERR_INVALID, why);
}

static void
carry_out(struct control_client *cl, const json_t *request)
{
	const json_t *name = json_object_get(request, "command");
	const struct control_command *cmd;

	if (!json_is_string(name)) {
		control_refuse(cl, ERR_INVALID,
		    "The request must have a member \"command\", a string.");
		return;
	}
	cmd = find_command(cl->control, json_string_value(name));
	if (cmd == NULL)
		refuse_command(cl, json_string_value(name));
	else
		cmd->run(cl, request, cl->control->options.arg);
}

/* NULL: the client has gone. */
static const char *
fault_of_request(enum err e)
{
	if (e == ERR_TOO_LARGE)
		return "A request is one line of at most 4096 bytes.";
	if (e == ERR_BUSY)
		return "No request came within two seconds.";
	if (e == ERR_INVALID)
		return "A request is a line with one JSON object, no name in "
		       "it twice.";
	return NULL;
}

static void
serve(struct control_client *cl)
{
	struct control_reader *r = xcalloc(1, sizeof(*r));
	int64_t deadline = clock_mono_ms() + CONTROL_REQUEST_MS;
	json_t *request = NULL;
	const char *fault;
	enum err e;

	r->fd = cl->fd;
	if ((e = control_read(r, deadline, &request)) == ERR_OK)
		carry_out(cl, request);
	else if ((fault = fault_of_request(e)) != NULL)
		control_refuse(cl, e, fault);
	json_decref(request);
	free(r);
}

static void
set_client(struct control_client *cl, int fd)
{
	struct timeval limit = {.tv_sec = CONTROL_REQUEST_MS / 1000};

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	pthread_mutex_lock(&cl->control->mutex);
	if (cl->fd >= 0)
		close(cl->fd);
	cl->fd = fd;
	atomic_store(&cl->is_gone, false);
	pthread_mutex_unlock(&cl->control->mutex);
}

static void *
answer(void *arg)
{
	struct control_client *cl = arg;
	struct control *c = cl->control;
	int fd;

	while (!atomic_load(&c->stopping)) {
		fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			set_client(cl, fd);
			serve(cl);
			set_client(cl, -1);
		} else if (errno == EMFILE || errno == ENFILE ||
			   errno == ENOMEM || errno == ENOBUFS) {
			clock_sleep_ms(ACCEPT_REST_MS);
		}
	}
	return NULL;
}

/* Only our user may open it: the mode is there before the name is. */
static enum err
open_socket(struct control *c)
{
	struct sockaddr_un address;
	enum err e;

	if ((e = control_address(c->options.dir, &address, &c->folder)) !=
	    ERR_OK)
		return e;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || fchmod(c->fd, 0600) != 0)
		return ERR_IO;
	if (unlinkat(c->folder, CONTROL_SOCKET, 0) != 0 && errno != ENOENT)
		return ERR_IO;
	if (bind(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return ERR_IO;
	return listen(c->fd, BACKLOG) == 0 ? ERR_OK : ERR_IO;
}

static enum err
start_threads(struct control *c)
{
	struct control_client *cl;

	while (c->nclients < CONTROL_THREADS) {
		cl = &c->clients[c->nclients];
		*cl = (struct control_client){.control = c, .fd = -1};
		if (pthread_create(&cl->thread, NULL, answer, cl) != 0)
			return ERR_IO;
		c->nclients++;
	}
	return ERR_OK;
}

enum err
control_start(struct control **out, const struct control_options *o)
{
	struct control *c = xcalloc(1, sizeof(*c));
	enum err e;

	c->options = *o;
	c->fd = c->folder = -1;
	pthread_mutex_init(&c->mutex, NULL);
	if ((e = open_socket(c)) == ERR_OK)
		e = start_threads(c);
	*out = c;
	if (e == ERR_OK)
		return ERR_OK;
	log_error(
	    "control", "%s/" CONTROL_SOCKET ": %s", o->dir, strerror(errno));
	control_stop(out);
	return e;
}

/* Nothing more comes in; what goes out may still go. */
static void
shut(struct control *c)
{
	unsigned int i;

	atomic_store(&c->stopping, true);
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_RDWR); /* and accept() returns */
	pthread_mutex_lock(&c->mutex);
	for (i = 0; i < c->nclients; i++)
		if (c->clients[i].fd >= 0)
			shutdown(c->clients[i].fd, SHUT_RD);
	pthread_mutex_unlock(&c->mutex);
}

void
control_stop(struct control **cp)
{
	struct control *c = *cp;
	unsigned int i;

	if (c == NULL)
		return;
	shut(c);
	for (i = 0; i < c->nclients; i++)
		pthread_join(c->clients[i].thread, NULL);
	if (c->folder >= 0) {
		unlinkat(c->folder, CONTROL_SOCKET, 0);
		close(c->folder);
	}
	if (c->fd >= 0)
		close(c->fd);
	pthread_mutex_destroy(&c->mutex);
	free(c);
	*cp = NULL;
}
