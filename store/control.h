/*
 * control - asking the agent for something, over a socket in the data folder.
 *
 * Layer: store, for rillctl and the worker; who answers is in
 * cluster-agent/control.h.
 *
 * DATA/agent.socket is a Unix stream socket that only the agent's user can
 * open.  It belongs to the custodian in office.  A connection carries one
 * request, a JSON object in a line of at most CONTROL_MAX_LINE bytes:
 *
 *   {"command": "scavenge", ...}
 *
 * which is answered by lines of the same kind.  Each says what it "is":
 *
 *   {"is": "progress", ...}     any number of them, and at last one of
 *   {"is": "result", ...}
 *   {"is": "refusal", "error": "taken", "why": "A sentence."}
 *
 * The further members are the command's own.  A connection that ends before
 * the last line: the agent has gone, and nobody knows what came of it.
 */
#ifndef STORE_CONTROL_H
#define STORE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "store/err.h"

#define CONTROL_SOCKET   "agent.socket"
#define CONTROL_MAX_LINE 4096 /* bytes, the line's end included */
#define CONTROL_WHY_SIZE 256

struct json_t; /* jansson's */

/* The line is borrowed. */
typedef void control_progress_f(void *arg, const struct json_t *line);

struct control_call {
	const char *dir;                 /* the data folder */
	const struct json_t *request;    /* the caller's */
	int64_t patience_ms;             /* for each line of the answer */
	control_progress_f *on_progress; /* or NULL */
	void *arg;

	/* What came of it. */
	struct json_t *result;      /* if ERR_OK: the caller's to drop */
	char why[CONTROL_WHY_SIZE]; /* else a sentence for the user */
};

/*
 * Ask, and wait for the last line.  ERR_UNAVAILABLE: nobody answers.
 * ERR_CORRUPT: the answer is none.  Else what the refusal names.
 */
enum err control_ask(struct control_call *);

/* What the agent leaves alone for us; see "hold" in its commands.h. */
struct control_hold;

/*
 * Have the agent leave "logs" or "scavenging" alone until control_release();
 * waits until it is so.  Else as control_ask(), with a sentence in why.
 */
enum err control_hold(struct control_hold **, const char *dir, const char *what,
    char why[CONTROL_WHY_SIZE]);

/* Whether it still is so: the agent has not stopped meanwhile. */
bool control_is_held(const struct control_hold *);

/* End the hold; waits until the agent knows.  Accepts NULL inside. */
void control_release(struct control_hold **);

/* For both sides. */

/*
 * The socket's address in a data folder, however long its path is.  The
 * address leads through *folder, which the caller closes after bind(2) or
 * connect(2).  ERR_IO: errno says why.
 */
enum err control_address(
    const char *dir, struct sockaddr_un *address, int *folder);

/* What comes in on a socket, line by line.  Starts as {.fd = fd}. */
struct control_reader {
	int fd;
	size_t n;    /* bytes in text */
	size_t used; /* of them, by the lines before */
	char text[CONTROL_MAX_LINE];
};

/*
 * Read the next line, an object without repeated names; the caller drops
 * it.  ERR_UNAVAILABLE: the other side is gone.  ERR_BUSY: deadline_ms, of
 * clock_mono_ms(), came first.  ERR_TOO_LARGE, ERR_INVALID.
 */
enum err control_read(
    struct control_reader *, int64_t deadline_ms, struct json_t **line);

/* Write a line and drop it.  ERR_UNAVAILABLE, ERR_TOO_LARGE. */
enum err control_write(int fd, struct json_t *line);

/* The word that stands for an error in a refusal. */
const char *control_error_word(enum err);

#endif
