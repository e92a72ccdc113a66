/*
 * reply - what goes back to the client.
 *
 * Layer: fcgi.  The one place where HTTP statuses are made of errors.
 * Every answer carries the CORS headers; every 4xx and 5xx one line of text
 * that says what is wrong (contract 0.0), since front servers replace reason
 * phrases.
 */
#ifndef FCGI_REPLY_H
#define FCGI_REPLY_H

#include <stdbool.h>

#include "store/buf.h"
#include "store/err.h"

/* A longer body is refused: pretty printing can grow a page 60 times. */
#define REPLY_MAX_BODY ((size_t)256 << 20)

struct reply {
	int status;
	const char *reason;       /* static */
	const char *allow;        /* the resource's methods; static */
	const char *content_type; /* static; NULL: none */
	bool without_body;        /* the request was a HEAD */
	bool to_web_ui;           /* a 401 must not call up a dialog */
	struct buf headers;       /* further ones, each with CRLF */
	struct buf body;
};

/* Forget the last answer, keep the memory; it is a 200 again. */
void reply_reset(struct reply *);
void reply_fini(struct reply *);

/* Add a header; the value has no line breaks. */
void reply_header(struct reply *, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Say how to log in; reply_refuse() does with a 401. */
void reply_challenge(struct reply *);

/* A status whose body, if any, comes otherwise. */
void reply_status(struct reply *, int status, const char *reason);

/*
 * A status with its line of text; what was in the body is dropped.  reason
 * is the reference's phrase, static, and the line begins with it.
 */
void reply_refuse(struct reply *, int status, const char *reason);

/* The same with a further sentence of explanation. */
void reply_refuse_why(
    struct reply *, int status, const char *reason, const char *why);

/* The answer to what the store said; not for ERR_OK. */
void reply_error(struct reply *, enum err);

/* An answer that memory did not suffice for becomes a 503. */
void reply_settle(struct reply *);

/* What the front server is sent. */
struct answer {
	struct slice head, body;
};

/*
 * Write the headers to out.  Returned is what to send: those and the reply's
 * body, or a 503 when memory ran out on the way.
 */
struct answer reply_print(struct reply *, struct buf *out);

#endif
