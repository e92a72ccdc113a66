/*
 * options - the ES- headers of a request, checked (contract 1.1).
 *
 * Layer: fcgi.
 */
#ifndef FCGI_OPTIONS_H
#define FCGI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct request;

#define OPTIONS_MAX_POLL_S 300 /* a longer ES-LongPoll means this */

struct options {
	int64_t expected; /* ES-ExpectedVersion; EXPECT_ANY */
	bool hard_delete;
	bool resolve_links; /* true unless told otherwise */
	bool require_master;
	int64_t poll_s;       /* ES-LongPoll; 0: none */
	int64_t min_position; /* ES-MinimumPosition; -1: none */
};

/*
 * Read those that the kind of request knows.  False: one is malformed, or
 * the master is required and this node is not it; the reply says so.
 */
bool options_for_write(struct request *, struct options *);
bool options_for_delete(struct request *, struct options *);
bool options_for_read(struct request *, struct options *);
bool options_for_poll(struct request *, struct options *);

/* On $all, where links are resolved always: ES-ResolveLinkTos is not read. */
bool options_for_all(struct request *, struct options *);
bool options_for_all_poll(struct request *, struct options *);

#endif
