/*
 * request - one HTTP request on its way through the worker.
 *
 * Layer: fcgi.  Everything in it lives as long as the request; each thread
 * has one and uses it again and again, so that its memory is warm.  One that
 * waits for events is parked in waiting, one that waits for the disk in
 * appends, and its thread goes on with another.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <fcgiapp.h>
#include <stdbool.h>

#include "fcgi/appends.h"
#include "fcgi/media.h"
#include "fcgi/poll.h"
#include "fcgi/reply.h"
#include "fcgi/request_id.h"
#include "fcgi/uri.h"
#include "store/account.h"
#include "store/name.h"
#include "store/page.h"

struct server;
struct identity;

/* What a front server passes on that somebody here reads. */
enum request_header {
	HEADER_ACCEPT,
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_LENGTH,
	HEADER_CONTENT_TYPE,
	HEADER_ES_EVENT_ID,
	HEADER_ES_EVENT_TYPE,
	HEADER_ES_EXPECTED_VERSION,
	HEADER_ES_HARD_DELETE,
	HEADER_ES_LONG_POLL,
	HEADER_ES_MINIMUM_POSITION,
	HEADER_ES_REQUIRE_LEADER,
	HEADER_ES_REQUIRE_MASTER,
	HEADER_ES_REQUIRES_MASTER,
	HEADER_ES_RESOLVE_LINK_TO,
	HEADER_ES_RESOLVE_LINK_TOS,
	HEADER_ES_TRUSTED_AUTH,
	HEADER_HOST,
	HEADER_IF_NONE_MATCH,
	HEADER_REQUEST_ID,
	HEADER_REQUESTED_WITH,
	HEADER_METHOD, /* not a header on the wire, and the next ones */
	HEADER_URI,
	HEADER_SCHEME,
	HEADER_REMOTE_ADDRESS,
	HEADER_FORWARDED_FOR,
	HEADER_FORWARDED_HOST,
	HEADER_FORWARDED_PORT,
	HEADER_FORWARDED_PREFIX,
	HEADER_FORWARDED_PROTO,
	HEADERS
};

#define REQUEST_MAX_ARGS 4

struct request {
	struct server *server;
	FCGX_Request fcgx;
	struct slice headers[HEADERS]; /* p NULL: was not sent */
	struct account_mark account;   /* of who asks; number -1: none */
	struct identity *who;          /* asks; NULL: anybody */
	struct uri uri;
	struct slice args[REQUEST_MAX_ARGS];  /* the route's placeholders */
	char meta_name[STREAM_MAX_META_NAME]; /* of a metadata resource */
	struct media_choice wanted;           /* the answer's type */
	enum media sent;                      /* the body's type */
	struct buf body;
	struct buf base; /* what links begin with */
	struct reply reply;
	struct page *page; /* NULL while it waits */
	struct poll poll;
	struct pending pending;
	int answering_ms; /* how long nothing of the answer may be taken */
	int64_t came_us;  /* when it came in line; 0: it did not */
	int64_t began_us; /* when it came, in clock_mono_us() */
	char id[REQUEST_ID_SIZE]; /* in the log */
	struct buf room;          /* of the decoded URI */
	struct buf out;           /* the answer's headers */
	struct request *next;     /* see line.c, appends.c */
};

/* ERR_IO: libfcgi failed. */
enum err request_new(struct request **, struct server *);
void request_free(struct request **);

/*
 * Read what the web server says over a connection, which is the request's
 * from now on; a silence ends it that is longer than ms, until another is
 * allowed.  False: it says no request, and is closed.
 */
bool request_receive(struct request *, int fd, int ms);
void request_limit_silence(struct request *, int ms);

/*
 * Take over what the front server said about the accepted request; also to
 * serve it again from the start.  What this thread logs is about it, until
 * its end.
 */
void request_begin(struct request *);

/* Give memory back that a request does not need while it waits. */
void request_rest(struct request *);

/* Give such memory to another, which has none. */
void request_lend(struct request *from, struct request *to);

/*
 * Give another, in place of its own, the memory that an append does not need
 * once its body is read.
 */
void request_pass_on(struct request *from, struct request *to);

/*
 * Have the web server say all of an append before it is answered.  False: it
 * did not in time, or the connection is broken.
 */
bool request_read_out(struct request *);

/*
 * Give the answer to the front server, the connection back if it is kept, and
 * the memory of a large answer.
 */
void request_end(struct request *);

/* Answer one that was accepted with 503, since too many others are here. */
void request_turn_away(struct request *);

bool request_has(const struct request *, enum request_header);
struct slice request_header(const struct request *, enum request_header);

/*
 * Overwrite a header that nobody reads again and no core file should have,
 * while the request lasts; before its body is read.
 */
void request_wipe_header(struct request *, enum request_header);

/*
 * Read the body.  False: it is refused, and the reply says so: 413 when it
 * has more than most bytes, before one of it is read; 400 when it is shorter
 * than it says; 411 when it is there and its length was not passed on.
 */
bool request_read_body(struct request *, size_t most);

/*
 * The value of a query parameter, borrowed until the next is asked for; empty
 * when it is not there.
 */
struct slice request_query(struct request *, const char *name);

#endif
