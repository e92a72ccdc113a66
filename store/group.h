/*
 * group - this node among those that keep the same store.
 *
 * Layer: store; includes <db.h>.  Everything that Rill asks of Berkeley DB's
 * replication manager: it elects a master, carries the master's log to the
 * others, and carries messages.  Nodes are named by their index in the
 * configuration.
 *
 * The agent's process listens to the other nodes; a worker's process only
 * sends what it commits and waits for the acknowledgements.
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include <db.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/conf_cluster.h"
#include "store/conf_text.h"
#include "store/err.h"
#include "store/slice.h"

struct env;

#define GROUP_NOBODY (-1)
#define GROUP_MASTER (-2) /* whoever is master when a message is sent */

/*
 * Something in the group has changed.  Called by whichever thread met it; may
 * not call the library.
 */
typedef void group_change_f(void *arg);

/*
 * Answer a message of another node; what is in answer is sent.  Called by one
 * of the library's threads; may take a while.
 */
typedef void group_serve_f(void *arg, struct slice request, struct buf *answer);

struct group_options {
	const struct conf_cluster *conf; /* must stay */
	bool is_agent;
	bool may_create;           /* the group, when this node knows of none */
	group_change_f *on_change; /* or NULL */
	group_serve_f *serve;      /* or NULL: nothing is answered */
	void *arg;
};

/* Settle what must be settled before the environment is opened. */
int group_configure(DB_ENV *, const struct group_options *);

/*
 * Take part.  For the agent: ERR_NO_MASTER: the node is not yet one of the
 * group and nobody let it in; to be tried again.  For a worker:
 * ERR_UNAVAILABLE: there is no agent that takes part.
 */
enum err group_start(struct env *, const struct group_options *);

/*
 * The agent takes part: make this node master, without an election.  Only for
 * who knows that no other can be.  An error: the environment has to be begun
 * anew.
 */
enum err group_rule(struct env *);

/* Hang up on all other nodes: whoever waits for their answer gets none. */
void group_hang_up(const struct group_options *);

struct group_state {
	enum { GROUP_UNDECIDED, GROUP_CLIENT, GROUP_IS_MASTER } role;
	int master;        /* index, GROUP_NOBODY, or this node */
	uint32_t gen;      /* of the election that made it */
	bool is_synced;    /* a client: it has all that the master had */
	bool is_out;       /* put out of the group; the library does no more */
	uint32_t log_file; /* where the log is written to next */
	uint32_t log_offset;
};
enum err group_look(struct env *, struct group_state *);

/* Whether the library lets nobody in just now. */
bool group_is_locked_out(struct env *);

/* The other nodes that count as members of the group here. */
struct group_members {
	size_t n; /* members, this one included, configured or not */
	bool has[CONF_MAX_NODES];
	bool is_connected[CONF_MAX_NODES];
};
void group_list(struct env *, struct group_members *);

/*
 * Members that are not in the configuration: nodes that were replaced.  They
 * count towards the library's quorum until they are forgotten.  Returns how
 * many were put into out, at most max.
 */
struct group_address {
	char text[CONF_TEXT_MAX + 16]; /* HOST:PORT, [HOST]:PORT for IPv6 */
};
size_t group_strangers(struct env *, struct group_address *out, size_t max);

/*
 * Put one of them out of the group.  ERR_INVALID: the address is none of
 * theirs; ERR_NO_MASTER: nobody could be asked.
 */
enum err group_forget(struct env *, const char *address);

/*
 * Have commits wait for the acknowledgements of all, or of a quorum.  That is
 * one of the members: less than one of the configured nodes, until all of them
 * have joined.
 */
enum err group_set_acks(struct env *, enum conf_acks);

/* Whether a transaction that is applied waits for the disk.  For the agent. */
void group_set_sync(struct env *, bool sync);

/* For env: what a thread's last commit came to. */
void group_note_event(uint32_t event);
void group_forget_failure(void);
bool group_commit_failed(void);

/* A line to another node, or to the master; threads may share it. */
struct group_line;
struct group_line *group_line_new(struct env *, int node);

/* Whether it was there when last used: else asking may take a while. */
bool group_line_is_open(struct group_line *);
void group_line_free(struct group_line **);

/*
 * Send a request and wait for the answer.  ERR_NO_MASTER: it was not sent.
 * ERR_NOT_ACKED: it may have been, and no answer came in time.
 * ERR_NO_MEMORY.
 */
enum err group_line_ask(struct group_line *, struct slice request,
    int64_t timeout_ms, struct buf *answer);

#endif
