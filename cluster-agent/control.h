/*
 * control - the agent's end of the control socket.
 *
 * Layer: cluster-agent.  store/control.h says what goes over the socket.
 * A few threads of their own answer, so nothing that a client does or a
 * command takes keeps the custodian from watching; a client that says nothing
 * is left after CONTROL_REQUEST_MS, and one that does not read after as long.
 */
#ifndef CLUSTER_AGENT_CONTROL_H
#define CLUSTER_AGENT_CONTROL_H

#include <stdbool.h>

#include "store/err.h"

struct control;
struct control_client;
struct json_t; /* jansson's */

#define CONTROL_THREADS    8    /* requests answered at a time */
#define CONTROL_REQUEST_MS 2000 /* for a client to say what it wants */

/*
 * Carry out a command.  The request is borrowed; its members beside
 * "command" are the command's to check.  It ends with one control_result()
 * or control_refuse(), and when control_wanted() is false, soon.
 */
typedef void control_command_f(
    struct control_client *, const struct json_t *request, void *arg);

struct control_command {
	const char *name; /* NULL ends a table */
	control_command_f *run;
};

struct control_options {
	const char *dir;                        /* the data folder */
	const struct control_command *commands; /* must stay */
	void *arg;                              /* handed to each */
};

/*
 * Open the socket, in place of what a dead agent left, and answer.
 * ERR_IO: the log says why.
 */
enum err control_start(struct control **, const struct control_options *);

/* Remove the socket, and wait for the commands in hand.  Accepts NULL. */
void control_stop(struct control **);

/* False: the client has gone, or the agent stops. */
bool control_wanted(struct control_client *);

/* The lines of an answer; members is taken over.  See json_pack(). */
void control_progress(struct control_client *, struct json_t *members);
void control_result(struct control_client *, struct json_t *members);
void control_refuse(struct control_client *, enum err, const char *sentence);

#endif
