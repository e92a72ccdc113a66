/*
 * read - a read that is as recent as the request asks for.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_READ_H
#define FCGI_READ_H

#include <stdbool.h>

#include "store/stream.h"

struct options;
struct request;

/* Seconds for which a read waits for the position it asks for. */
#define READ_WAIT_S 5

struct read {
	const struct options *options;
	struct slice stream; /* that poll_wait() is about; empty: none */
	stream_body_f *body; /* see stream_run() */
	void *arg;
	enum err outcome; /* of stream_run() */
};

/*
 * Run it when the node has come to ES-MinimumPosition; and if the master is
 * required, until what was read is sure to stay and this node to have been the
 * master.  False: the request waits, see poll.h, or the reply is complete: it
 * waited in vain, or another node must be asked.
 */
bool read_run(struct request *, struct read *);

#endif
