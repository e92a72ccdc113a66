#include "config.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fcgi/base_url.h"
#include "fcgi/connections.h"
#include "fcgi/header.h"
#include "fcgi/meter.h"
#include "fcgi/records.h"
#include "fcgi/refusals.h"
#include "fcgi/request.h"
#include "fcgi/request_id.h"
#include "fcgi/server.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/identity.h"
#include "store/log.h"

#define NO_SOCKET -1 /* to accept from; see connections */

/* A buffer that grew beyond this is given back after the request. */
#define KEPT_BYTES ((size_t)1 << 20)

/*
 * Of a body that nobody wants: the examples let web servers pass on twice
 * max_body_bytes, and who is answered already gets so long to say it.
 */
#define SKIPPED_TIMES 2
#define SKIPPING_MS   2000

/* No web server waits longer for its client to read on (Apache: 300 s). */
#define ANSWERING_MS 330000

#define NAME(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

/* As FastCGI names them; sorted by length, then name, for the search. */
static const struct {
	struct slice name;
	enum request_header header;
} names[] = {
    {NAME("HTTP_HOST"), HEADER_HOST},
    {NAME("HTTP_ACCEPT"), HEADER_ACCEPT},
    {NAME("REMOTE_ADDR"), HEADER_REMOTE_ADDRESS},
    {NAME("REQUEST_URI"), HEADER_URI},
    {NAME("CONTENT_TYPE"), HEADER_CONTENT_TYPE},
    {NAME("CONTENT_LENGTH"), HEADER_CONTENT_LENGTH},
    {NAME("REQUEST_METHOD"), HEADER_METHOD},
    {NAME("REQUEST_SCHEME"), HEADER_SCHEME},
    {NAME("HTTP_ES_EVENTID"), HEADER_ES_EVENT_ID},
    {NAME("HTTP_ES_LONGPOLL"), HEADER_ES_LONG_POLL},
    {NAME("HTTP_ES_EVENTTYPE"), HEADER_ES_EVENT_TYPE},
    {NAME("HTTP_X_REQUEST_ID"), HEADER_REQUEST_ID},
    {NAME("HTTP_AUTHORIZATION"), HEADER_AUTHORIZATION},
    {NAME("HTTP_ES_HARDDELETE"), HEADER_ES_HARD_DELETE},
    {NAME("HTTP_IF_NONE_MATCH"), HEADER_IF_NONE_MATCH},
    {NAME("HTTP_ES_TRUSTEDAUTH"), HEADER_ES_TRUSTED_AUTH},
    {NAME("HTTP_X_FORWARDED_FOR"), HEADER_FORWARDED_FOR},
    {NAME("HTTP_ES_REQUIRELEADER"), HEADER_ES_REQUIRE_LEADER},
    {NAME("HTTP_ES_REQUIREMASTER"), HEADER_ES_REQUIRE_MASTER},
    {NAME("HTTP_ES_RESOLVELINKTO"), HEADER_ES_RESOLVE_LINK_TO},
    {NAME("HTTP_X_FORWARDED_HOST"), HEADER_FORWARDED_HOST},
    {NAME("HTTP_X_FORWARDED_PORT"), HEADER_FORWARDED_PORT},
    {NAME("HTTP_X_REQUESTED_WITH"), HEADER_REQUESTED_WITH},
    {NAME("HTTP_ES_REQUIRESMASTER"), HEADER_ES_REQUIRES_MASTER},
    {NAME("HTTP_ES_RESOLVELINKTOS"), HEADER_ES_RESOLVE_LINK_TOS},
    {NAME("HTTP_X_FORWARDED_PROTO"), HEADER_FORWARDED_PROTO},
    {NAME("HTTP_ES_EXPECTEDVERSION"), HEADER_ES_EXPECTED_VERSION},
    {NAME("HTTP_ES_MINIMUMPOSITION"), HEADER_ES_MINIMUM_POSITION},
    {NAME("HTTP_X_FORWARDED_PREFIX"), HEADER_FORWARDED_PREFIX},
};

enum err
request_new(struct request **out, struct server *server)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->server = server;
	if (FCGX_InitRequest(&r->fcgx, NO_SOCKET, FCGI_FAIL_ACCEPT_ON_INTR) !=
	    0) {
		free(r);
		return ERR_IO;
	}
	*out = r;
	return ERR_OK;
}

void
request_rest(struct request *r)
{
	page_free(&r->page);
	reply_fini(&r->reply);
	buf_fini(&r->body);
	buf_fini(&r->base);
	buf_fini(&r->room);
	buf_fini(&r->out);
}

void
request_lend(struct request *from, struct request *to)
{
	assert(to->page == NULL && to->base.p == NULL && to->out.p == NULL);
	to->page = from->page;
	to->reply = from->reply;
	to->body = from->body;
	to->base = from->base;
	to->room = from->room;
	to->out = from->out;
	from->page = NULL;
	from->reply = (struct reply){0};
	from->body = from->base = from->room = from->out = (struct buf){0};
}

/* In place of what is there. */
static void
move(struct buf *from, struct buf *to)
{
	buf_fini(to);
	*to = *from;
	*from = (struct buf){.limit = from->limit};
}

void
request_pass_on(struct request *from, struct request *to)
{
	page_free(&to->page);
	to->page = from->page;
	from->page = NULL;
	move(&from->body, &to->body);
	move(&from->reply.body, &to->reply.body);
}

void
request_free(struct request **rp)
{
	struct request *r = *rp;

	if (r == NULL)
		return;
	FCGX_Free(&r->fcgx, 1);
	identity_free(&r->who);
	request_rest(r);
	free(r);
	*rp = NULL;
}

static int
compare_name(const void *key, const void *item)
{
	const struct slice *name = key, *other = item;

	if (name->n != other->n)
		return name->n < other->n ? -1 : 1;
	return memcmp(name->p, other->p, name->n);
}

/* One of libfcgi's NAME=value strings, which die with the request. */
static void
take_parameter(struct request *r, const char *text)
{
	const char *equals = strchr(text, '=');
	struct slice name;
	const void *found;
	size_t i;

	if (equals == NULL)
		return;
	name = slice(text, (size_t)(equals - text));
	found = bsearch(&name, names, sizeof(names) / sizeof(names[0]),
	    sizeof(names[0]), compare_name);
	if (found == NULL)
		return;
	i = (size_t)((const char *)found - (const char *)names) /
	    sizeof(names[0]);
	r->headers[names[i].header] = slice_str(equals + 1);
}

static void
print_base(struct request *r)
{
	struct base_url_in in = {
	    .scheme = request_header(r, HEADER_SCHEME),
	    .host = request_header(r, HEADER_HOST),
	    .forwarded_port = request_header(r, HEADER_FORWARDED_PORT),
	    .forwarded_proto = request_header(r, HEADER_FORWARDED_PROTO),
	    .forwarded_host = request_header(r, HEADER_FORWARDED_HOST),
	    .forwarded_prefix = request_header(r, HEADER_FORWARDED_PREFIX),
	    .configured = slice_str(r->server->conf->url),
	};

	base_url_print(&r->base, &in);
}

void
request_limit_silence(struct request *r, int ms)
{
	struct timeval most = {ms / 1000, ms % 1000 * 1000L};

	setsockopt(r->fcgx.ipcFd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
}

bool
request_receive(struct request *r, int fd, int ms)
{
	r->fcgx.ipcFd = fd;
	/* Else it would be closed, or closed slowly when what comes is bad. */
	r->fcgx.keepConnection = true;
	FCGX_Detach(&r->fcgx);
	request_limit_silence(r, ms);
	return FCGX_Accept_r(&r->fcgx) == 0;
}

void
request_begin(struct request *r)
{
	size_t i;

	memset(r->headers, 0, sizeof(r->headers));
	memset(r->args, 0, sizeof(r->args));
	buf_reset(&r->body);
	buf_reset(&r->base);
	buf_reset(&r->room);
	buf_reset(&r->out);
	reply_reset(&r->reply);
	r->pending.is_ready = false;
	r->answering_ms = ANSWERING_MS;
	if (r->page == NULL)
		r->page = page_new();
	page_reset(r->page);
	for (i = 0; r->fcgx.envp != NULL && r->fcgx.envp[i] != NULL; i++)
		take_parameter(r, r->fcgx.envp[i]);
	print_base(r);
	if (r->poll.waited == 0) {
		r->began_us = r->came_us != 0 ? r->came_us : clock_mono_us();
		request_id_choose(r->id, request_header(r, HEADER_REQUEST_ID),
		    &r->server->next_id);
	}
	log_about(r->id);
}

static void
log_failure(struct request *r)
{
	struct slice uri = request_header(r, HEADER_URI);
	const char *query = uri.n > 0 ? memchr(uri.p, '?', uri.n) : NULL;
	char method[LOG_QUOTE_SIZE], path[LOG_QUOTE_SIZE];

	if (query != NULL)
		uri.n = (size_t)(query - uri.p);
	log_quote(method, request_header(r, HEADER_METHOD));
	log_quote(path, uri);
	(r->reply.status == 500 ? log_error : log_warn)("request",
	    "status=%d method=%s path=%s ms=%lld", r->reply.status, method,
	    path, (long long)(clock_mono_us() - r->began_us) / 1000);
}

/* What the server failed at is told once, and which line of the log it is. */
static void
tell_failure(struct request *r)
{
	if (r->reply.status != 503 ||
	    refusals_admit(r->server->refusals, buf_slice(&r->reply.body)))
		log_failure(r);
	reply_header(&r->reply, "X-Request-Id", "%s", r->id);
}

static void
shrink(struct buf *b)
{
	if (b->size > KEPT_BYTES)
		buf_fini(b);
}

/* What is here already, and if that is nothing, what comes next. */
static size_t
skip_some(FCGX_Stream *in)
{
	size_t n;

	if (FCGX_GetChar(in) == EOF)
		return 0;
	n = 1 + (size_t)(in->stop - in->rdNext);
	in->rdNext = in->stop;
	return n;
}

/* The body that nobody wants, until until_ms in clock_mono_ms(). */
static void
skip_body(struct request *r, int64_t until_ms)
{
	size_t n, left = SKIPPED_TIMES * r->server->conf->max_body_bytes;

	while ((n = skip_some(r->fcgx.in)) > 0) {
		if (n > left || clock_mono_ms() > until_ms) {
			r->fcgx.keepConnection = false;
			FCGX_FClose(r->fcgx.in); /* nobody reads on */
			return;
		}
		left -= n;
	}
}

static void
read_out(struct request *r)
{
	if (skip_some(r->fcgx.in) == 0)
		return;
	request_limit_silence(r, SKIPPING_MS);
	skip_body(r, clock_mono_ms() + SKIPPING_MS);
}

bool
request_read_out(struct request *r)
{
	request_limit_silence(r, SKIPPING_MS);
	read_out(r);
	return FCGX_GetError(r->fcgx.in) == 0;
}

/*
 * What is unread when a connection is closed may take the answer with it;
 * libfcgi waits for the web server to close it, however long that speaks on.
 * On one that is kept, what comes after the answer is the next request.
 */
static void
send_answer(struct request *r, struct answer answer)
{
	FCGX_Request *fcgx = &r->fcgx;
	bool is_sound;

	if (fcgx->keepConnection) {
		request_limit_silence(r, SKIPPING_MS);
		read_out(r);
	}
	is_sound = records_send(fcgx, answer, r->answering_ms);
	read_out(r);
	is_sound = is_sound && FCGX_GetError(fcgx->in) == 0;
	FCGX_Detach(fcgx);
	FCGX_Free(fcgx, !fcgx->keepConnection || !is_sound);
	if (fcgx->ipcFd >= 0)
		connections_keep(r->server->connections, fcgx->ipcFd);
	fcgx->ipcFd = -1;
}

void
request_end(struct request *r)
{
	struct answer answer;

	reply_settle(&r->reply);
	if (r->reply.status >= 500)
		tell_failure(r);
	answer = reply_print(&r->reply, &r->out);
	meter_note(r); /* the client may ask at once */
	send_answer(r, answer);
	identity_free(&r->who);
	shrink(&r->body);
	shrink(&r->out);
	shrink(&r->reply.body);
	if (r->page != NULL)
		page_reset(r->page);
	r->came_us = 0;
	log_about(NULL);
}

/* What is here of the body; nobody waits for more. */
static void
skip_what_is_here(struct request *r)
{
	int flags = fcntl(r->fcgx.ipcFd, F_GETFL);

	fcntl(r->fcgx.ipcFd, F_SETFL, flags | O_NONBLOCK);
	skip_body(r, clock_mono_ms() + SKIPPING_MS);
	fcntl(r->fcgx.ipcFd, F_SETFL, flags);
}

void
request_turn_away(struct request *r)
{
	request_begin(r);
	r->reply.without_body =
	    slice_is(request_header(r, HEADER_METHOD), "HEAD");
	reply_refuse_why(&r->reply, 503, "Server Is Too Busy",
	    "Too many requests wait for their turn. Nothing was done; it is "
	    "safe to repeat it in a moment.");
	skip_what_is_here(r);
	request_end(r);
}

bool
request_has(const struct request *r, enum request_header h)
{
	return r->headers[h].p != NULL;
}

struct slice
request_header(const struct request *r, enum request_header h)
{
	return r->headers[h];
}

void
request_wipe_header(struct request *r, enum request_header h)
{
	FCGX_Stream *in = r->fcgx.in;
	struct slice *value = &r->headers[h];

	/* libfcgi's own copy, which is ours to write to. */
	explicit_bzero((char *)(uintptr_t)value->p, value->n);
	value->n = 0;
	/* What it was read from: bytes that could be put back. */
	if (in->stopUnget < in->rdNext)
		explicit_bzero(
		    in->stopUnget, (size_t)(in->rdNext - in->stopUnget));
}

static bool
read_exactly(struct request *r, size_t n)
{
	size_t got = 0;
	int k;

	if (!buf_reserve(&r->body, n)) {
		reply_error(&r->reply, ERR_NO_MEMORY);
		return false;
	}
	while (got < n) {
		k = FCGX_GetStr(r->body.p + got, (int)(n - got), r->fcgx.in);
		if (k <= 0) {
			reply_refuse_why(&r->reply, 400, "Bad Request",
			    "The body is shorter than Content-Length says.");
			return false;
		}
		got += (size_t)k;
	}
	r->body.n = n;
	return true;
}

/*
 * A web server that streams a body on may not know its length (Apache's
 * mod_proxy_fcgi, of one in chunks); it must not pass for an empty one.
 */
static bool
ends_here(struct request *r)
{
	if (FCGX_GetChar(r->fcgx.in) == EOF)
		return true;
	reply_refuse_why(&r->reply, 411, "Length Required",
	    "The web server passed on a body without its Content-Length.");
	return false;
}

bool
request_read_body(struct request *r, size_t most)
{
	struct slice text = request_header(r, HEADER_CONTENT_LENGTH);
	char why[96];
	int64_t n = 0;

	if (text.n > 0 && !header_number(text, &n)) {
		reply_refuse_why(&r->reply, 400, "Bad Request",
		    "Content-Length must be a number of bytes.");
		return false;
	}
	if ((uint64_t)n > most) {
		snprintf(why, sizeof(why), "A body may have at most %zu bytes.",
		    most);
		reply_refuse_why(
		    &r->reply, 413, "Request Entity Too Large", why);
		return false;
	}
	return n == 0 ? ends_here(r) : read_exactly(r, (size_t)n);
}

struct slice
request_query(struct request *r, const char *name)
{
	struct slice value;

	return uri_query(&r->uri, name, &value) ? value : slice("", 0);
}
