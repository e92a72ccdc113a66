#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/control.h"

/* Those that a command may end with; all others are an "io". */
static const struct {
	enum err error;
	const char *word;
} words[] = {
    {ERR_IO, "io"},
    {ERR_BUSY, "busy"},
    {ERR_CORRUPT, "corrupt"},
    {ERR_DENIED, "denied"},
    {ERR_DISK_FULL, "disk full"},
    {ERR_INVALID, "invalid"},
    {ERR_NO_MEMORY, "no memory"},
    {ERR_TAKEN, "taken"},
    {ERR_NOT_MASTER, "not master"},
    {ERR_TOO_LARGE, "too large"},
    {ERR_UNAVAILABLE, "unavailable"},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

const char *
control_error_word(enum err e)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (words[i].error == e)
			return words[i].word;
	return words[0].word;
}

static enum err
error_of(const char *word)
{
	size_t i;

	for (i = 0; word != NULL && i < WORDS; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].error;
	return ERR_CORRUPT;
}

/* For the agent to say that something is held, or not yet. */
#define HOLD_PATIENCE_MS 30000
#define RELEASE_MS       2000

struct control_hold {
	struct control_reader reader;
};

enum err
control_address(const char *dir, struct sockaddr_un *address, int *folder)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return ERR_IO;
	snprintf(address->sun_path, sizeof(address->sun_path),
	    "/proc/self/fd/%d/" CONTROL_SOCKET, *folder);
	return ERR_OK;
}

/* Past the end of the line that begins behind what is used; 0: not there. */
static size_t
line_end(const struct control_reader *r)
{
	const char *start = r->text + r->used;
	const char *end = memchr(start, '\n', r->n - r->used);

	return end == NULL ? 0 : (size_t)(end + 1 - r->text);
}

static void
drop_used(struct control_reader *r)
{
	memmove(r->text, r->text + r->used, r->n - r->used);
	r->n -= r->used;
	r->used = 0;
}

/* Take what has come, waiting for it. */
static enum err
receive(struct control_reader *r, int64_t deadline_ms)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	int64_t left = deadline_ms - clock_mono_ms();
	ssize_t n;
	int found;

	if (r->n == sizeof(r->text))
		return ERR_TOO_LARGE;
	found = left <= 0 ? 0 : poll(&p, 1, left > 1000 ? 1000 : (int)left);
	if (found == 0)
		return left <= 0 ? ERR_BUSY : ERR_OK;
	if (found < 0)
		return errno == EINTR ? ERR_OK : ERR_UNAVAILABLE;
	n = recv(r->fd, r->text + r->n, sizeof(r->text) - r->n, MSG_DONTWAIT);
	if (n > 0)
		r->n += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return ERR_UNAVAILABLE;
	return ERR_OK;
}

enum err
control_read(struct control_reader *r, int64_t deadline_ms, json_t **line)
{
	size_t start, end;
	enum err e;

	drop_used(r);
	while ((end = line_end(r)) == 0)
		if ((e = receive(r, deadline_ms)) != ERR_OK)
			return e;
	start = r->used;
	r->used = end;
	*line = json_loadb(
	    r->text + start, end - start, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(*line))
		return ERR_OK;
	json_decref(*line);
	*line = NULL;
	return ERR_INVALID;
}

static enum err
send_all(int fd, const char *text, size_t n)
{
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return ERR_UNAVAILABLE;
		text += sent;
		n -= (size_t)sent;
	}
	return ERR_OK;
}

enum err
control_write(int fd, json_t *line)
{
	char text[CONTROL_MAX_LINE];
	size_t n = json_dumpb(line, text, sizeof(text), JSON_COMPACT);

	json_decref(line);
	if (n == 0 || n >= sizeof(text))
		return ERR_TOO_LARGE;
	text[n++] = '\n';
	return send_all(fd, text, n);
}

/* A descriptor, or minus the errno. */
static int
open_connection(const char *dir)
{
	struct sockaddr_un address;
	int folder, fd, error;

	if (control_address(dir, &address, &folder) != ERR_OK)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	error = errno;
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		error = errno;
		close(fd);
		fd = -1;
	}
	close(folder);
	return fd >= 0 ? fd : -error;
}

static enum err
fail(struct control_call *c, enum err e, const char *why)
{
	snprintf(c->why, sizeof(c->why), "%s", why);
	return e;
}

/* The last line: what it says becomes the call's outcome. */
static enum err
conclude(struct control_call *c, const char *is, json_t *line)
{
	const char *why = json_string_value(json_object_get(line, "why"));

	if (strcmp(is, "result") == 0) {
		c->result = json_incref(line);
		return ERR_OK;
	}
	if (strcmp(is, "refusal") != 0 || why == NULL)
		return fail(c, ERR_CORRUPT, "The agent's answer is no answer.");
	return fail(c,
	    error_of(json_string_value(json_object_get(line, "error"))), why);
}

static enum err
read_answer(struct control_call *c, struct control_reader *r)
{
	const char *is;
	json_t *line;
	enum err e;
	bool last;

	do {
		e = control_read(r, clock_mono_ms() + c->patience_ms, &line);
		if (e == ERR_INVALID || e == ERR_TOO_LARGE)
			return fail(
			    c, ERR_CORRUPT, "The agent's answer is no answer.");
		if (e != ERR_OK)
			return fail(c, ERR_UNAVAILABLE,
			    e == ERR_BUSY ? "The agent does not answer."
					  : "The agent went away.");
		is = json_string_value(json_object_get(line, "is"));
		last = is == NULL || strcmp(is, "progress") != 0;
		if (last)
			e = conclude(c, is == NULL ? "" : is, line);
		else if (c->on_progress != NULL)
			c->on_progress(c->arg, line);
		json_decref(line);
	} while (!last);
	return e;
}

/* No socket, or one that a dead agent left; or one that is not for us. */
static enum err
refuse_connection(struct control_call *c, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return fail(c, ERR_UNAVAILABLE, "No agent is running.");
	snprintf(c->why, sizeof(c->why),
	    "The agent's socket cannot be opened: %s.", strerror(error));
	return ERR_UNAVAILABLE;
}

enum err
control_ask(struct control_call *c)
{
	struct control_reader r = {.fd = open_connection(c->dir)};
	enum err e;

	c->result = NULL;
	c->why[0] = '\0';
	if (r.fd < 0)
		return refuse_connection(c, -r.fd);
	e = control_write(r.fd, json_deep_copy(c->request));
	if (e == ERR_OK)
		e = read_answer(c, &r);
	else
		fail(c, e,
		    e == ERR_TOO_LARGE ? "The request is too long."
				       : "The agent went away.");
	close(r.fd);
	return e;
}

/* Until it says that it is so, or that it will not be. */
static enum err
await_hold(struct control_call *c, struct control_reader *r)
{
	json_t *line;
	bool held = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !held) {
		e = control_read(r, clock_mono_ms() + c->patience_ms, &line);
		if (e != ERR_OK)
			return fail(
			    c, ERR_UNAVAILABLE, "The agent does not answer.");
		held = json_is_true(json_object_get(line, "held"));
		if (json_object_get(line, "held") == NULL)
			e = conclude(c, "refusal", line);
		json_decref(line);
	}
	return e;
}

enum err
control_hold(struct control_hold **out, const char *dir, const char *what,
    char why[CONTROL_WHY_SIZE])
{
	struct control_call c = {.dir = dir, .patience_ms = HOLD_PATIENCE_MS};
	struct control_hold *h = xcalloc(1, sizeof(*h));
	enum err e;

	h->reader.fd = open_connection(dir);
	if (h->reader.fd < 0)
		e = refuse_connection(&c, -h->reader.fd);
	else if (control_write(h->reader.fd, json_pack("{s:s, s:s}", "command",
						 "hold", "what", what)) !=
		 ERR_OK)
		e = fail(&c, ERR_UNAVAILABLE, "The agent went away.");
	else
		e = await_hold(&c, &h->reader);
	if (e == ERR_OK) {
		*out = h;
		return ERR_OK;
	}
	snprintf(why, CONTROL_WHY_SIZE, "%s", c.why);
	control_release(&h);
	return e;
}

bool
control_is_held(const struct control_hold *h)
{
	struct pollfd p = {.fd = h->reader.fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0; /* else it says why not, or is gone */
}

/* The agent closes the connection when it is held no more. */
static void
end_hold(struct control_reader *r)
{
	int64_t deadline = clock_mono_ms() + RELEASE_MS;
	json_t *line;
	enum err e;

	shutdown(r->fd, SHUT_WR);
	do {
		line = NULL;
		e = control_read(r, deadline, &line);
		json_decref(line);
	} while (e == ERR_OK);
	close(r->fd);
}

void
control_release(struct control_hold **hp)
{
	struct control_hold *h = *hp;

	if (h == NULL)
		return;
	if (h->reader.fd >= 0)
		end_hold(&h->reader);
	free(h);
	*hp = NULL;
}
