#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "fcgi/reply.h"

#define RETRY_AFTER_S "1"

static const char cors_headers[] =
    "Access-Control-Allow-Headers: Content-Type, X-Requested-With, "
    "X-Forwarded-Host, X-Forwarded-Prefix, X-PINGOTHER, Authorization, "
    "ES-LongPoll, ES-ExpectedVersion, ES-EventId, ES-EventType, "
    "ES-RequiresMaster, ES-RequireMaster, ES-RequireLeader, "
    "ES-HardDelete, ES-ResolveLinkTos, ES-MinimumPosition\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: Location, ES-Position, "
    "ES-CurrentVersion\r\n";

/* For want of memory to print another, or all of it. */
static const char without_memory[] =
    "Status: 503 Server Is Too Busy\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Retry-After: " RETRY_AFTER_S "\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "Server Is Too Busy. The server is out of memory; a write may have been "
    "carried out all the same, and is safe to repeat.\n";

static const struct {
	enum err err;
	int status;
	const char *reason;
	const char *why;
} error_replies[] = {
    {ERR_NO_STREAM, 404, "Not Found", "There is no such stream."},
    {ERR_NO_EVENT, 404, "Not Found", "There is no such event."},
    {ERR_DELETED, 410, "Deleted", "The stream was deleted for good."},
    {ERR_WRONG_VERSION, 400, "Wrong expected EventNumber", NULL},
    {ERR_DENIED, 401, "Unauthorized", "Your account lacks the right."},
    {ERR_INVALID, 400, "Bad Request", NULL},
    {ERR_TOO_LARGE, 413, "Request Entity Too Large", NULL},
    {ERR_BUSY, 503, "Server Is Too Busy", "Try again in a moment."},
    {ERR_UNAVAILABLE, 503, "Server Is Not Ready",
	"The store is being opened or recovered. If this was a write, it may "
	"or may not have been carried out; it is safe to repeat it with the "
	"same event ids."},
    {ERR_NOT_MASTER, 503, "Server Is Not Ready",
	"This node is not the master, and what was asked only the master can "
	"answer. Nothing was written; it is safe to repeat."},
    {ERR_NO_MASTER, 503, "Server Is Not Ready",
	"The cluster has no master just now. Nothing was written; it is safe "
	"to repeat."},
    {ERR_NOT_ACKED, 503, "Server Is Not Ready",
	"The append was written on one node, but a quorum of nodes has not "
	"confirmed it in time: it may come to stand or vanish. It is safe to "
	"repeat it with the same event ids."},
    {ERR_DISK_FULL, 503, "Server Is Not Ready",
	"The server's disk is full; nothing was written."},
    {ERR_NO_MEMORY, 503, "Server Is Too Busy",
	"The server is out of memory for a request of this size."},
};

void
reply_reset(struct reply *r)
{
	buf_reset(&r->headers);
	buf_reset(&r->body);
	r->body.limit = REPLY_MAX_BODY;
	r->status = 200;
	r->reason = "OK";
	r->allow = "";
	r->content_type = NULL;
	r->without_body = false;
	r->to_web_ui = false;
}

void
reply_fini(struct reply *r)
{
	buf_fini(&r->headers);
	buf_fini(&r->body);
}

void
reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	buf_add_str(&r->headers, name);
	buf_add_str(&r->headers, ": ");
	buf_add_str(&r->headers, value);
	buf_add_str(&r->headers, "\r\n");
}

void
reply_status(struct reply *r, int status, const char *reason)
{
	r->status = status;
	r->reason = reason;
}

void
reply_challenge(struct reply *r)
{
	reply_header(r, "WWW-Authenticate", "%s realm=\"ES\"",
	    r->to_web_ui ? "X-Basic" : "Basic");
}

void
reply_refuse(struct reply *r, int status, const char *reason)
{
	reply_refuse_why(r, status, reason, NULL);
}

void
reply_refuse_why(
    struct reply *r, int status, const char *reason, const char *why)
{
	reply_status(r, status, reason);
	r->content_type = "text/plain; charset=utf-8";
	buf_reset(&r->body);
	buf_add_str(&r->body, reason);
	if (why != NULL) {
		if (r->body.n > 0 && r->body.p[r->body.n - 1] != '.')
			buf_add_char(&r->body, '.');
		buf_add_char(&r->body, ' ');
		buf_add_str(&r->body, why);
	}
	buf_add_char(&r->body, '\n');
	if (status == 401)
		reply_challenge(r);
	if (status == 503)
		reply_header(r, "Retry-After", RETRY_AFTER_S);
}

void
reply_error(struct reply *r, enum err e)
{
	const size_t n = sizeof(error_replies) / sizeof(error_replies[0]);
	size_t i;

	for (i = 0; i < n && error_replies[i].err != e; i++)
		continue;
	if (i < n)
		reply_refuse_why(r, error_replies[i].status,
		    error_replies[i].reason, error_replies[i].why);
	else
		reply_refuse_why(r, 500, "Internal Server Error",
		    "The server's log says more.");
}

static bool
has_body(const struct reply *r)
{
	return r->status != 204 && r->status != 304 && r->status >= 200;
}

/* An answer cut short for want of memory must not look whole. */
void
reply_settle(struct reply *r)
{
	if (buf_failed(&r->body) || buf_failed(&r->headers)) {
		buf_reset(&r->headers);
		reply_error(r, ERR_NO_MEMORY);
	}
}

static void
print_head(const struct reply *r, struct buf *out)
{
	buf_add_str(out, "Status: ");
	buf_add_int(out, r->status);
	buf_add_char(out, ' ');
	buf_add_str(out, r->reason);
	buf_add_str(out, "\r\nAccess-Control-Allow-Methods: ");
	buf_add_str(out, r->allow);
	buf_add_str(out, "\r\n");
	buf_add(out, cors_headers, sizeof(cors_headers) - 1);
	buf_add_slice(out, buf_slice(&r->headers));
	if (r->content_type != NULL) {
		buf_add_str(out, "Content-Type: ");
		buf_add_str(out, r->content_type);
		buf_add_str(out, "\r\n");
	}
	if (has_body(r)) {
		buf_add_str(out, "Content-Length: ");
		buf_add_int(out, (int64_t)r->body.n);
		buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "\r\n");
}

struct answer
reply_print(struct reply *r, struct buf *out)
{
	struct slice none = slice("", 0);

	reply_settle(r);
	print_head(r, out);
	/* Not even what a refusal says may have found room. */
	buf_fail_with(out, &r->headers);
	buf_fail_with(out, &r->body);
	if (buf_failed(out)) {
		r->status = 503;
		return (struct answer){slice_str(without_memory), none};
	}
	return (struct answer){buf_slice(out),
	    has_body(r) && !r->without_body ? buf_slice(&r->body) : none};
}
