#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi/auth.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/write.h"
#include "fcgi/server.h"
#include "fcgi/xml_parse.h"
#include "store/alloc.h"
#include "store/conf.h"
#include "store/log.h"
#include "store/store.h"
#include "tests/unit/fixture_store.h"

#define MAX_PARAMETERS  32
#define MAX_BODY_BYTES  65536
#define MAX_EVENT_BYTES 4096

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/*
 * Lines NAME=value as a front server passes them on, an empty line, and the
 * body.
 */
struct input {
	char *text;
	char *envp[MAX_PARAMETERS + 2]; /* also CONTENT_LENGTH, and NULL */
	size_t count;
	char *length; /* the CONTENT_LENGTH that was added, or NULL */
	unsigned char *body;
	size_t body_len;
};

static struct server server;
static struct request *request;
static struct fixture fixture;

static void
close_server(void)
{
	request_free(&request);
	store_close(&server.store);
	auth_free(&server.auth);
	fixture_remove_dir(&fixture);
}

/*
 * A store that no agent ever opens, and that nobody waits for: a request
 * that comes so far is answered 503.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char url[] = "http://127.0.0.1:2113";
	static struct conf conf = {.data = fixture.dir,
	    .url = url,
	    .password_cost = 1,
	    .max_event_bytes = MAX_EVENT_BYTES,
	    .max_body_bytes = MAX_BODY_BYTES};
	struct store_options o = {.program = "fuzz", .dir = fixture.dir};

	(void)argc;
	(void)argv;
	log_init("fuzz", LOG_LEVEL_ERROR);
	xml_parse_init();
	fixture_make_dir(&fixture);
	server.conf = &conf;
	server.auth = auth_new(&conf);
	server.stopping = true; /* nobody is parked in a long poll */
	assert(store_open(&server.store, &o) == ERR_OK);
	assert(request_new(&request, &server) == ERR_OK);
	atexit(close_server);
	return 0;
}

static void
split(struct input *in)
{
	char *line = in->text, *end;

	while (*line != '\n' && in->count < MAX_PARAMETERS &&
	       (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		in->envp[in->count++] = line;
		line = end + 1;
	}
	if (*line == '\n')
		in->body = (unsigned char *)line + 1;
}

/* Without a CONTENT_LENGTH of its own the body has its true length. */
static void
add_length(struct input *in)
{
	size_t i;

	for (i = 0; i < in->count; i++)
		if (strncmp(in->envp[i], "CONTENT_LENGTH=", 15) == 0)
			return;
	in->length = xasprintf("CONTENT_LENGTH=%zu", in->body_len);
	in->envp[in->count++] = in->length;
}

static void
make_input(struct input *in, const uint8_t *data, size_t n)
{
	in->text = xmalloc(n + 1);
	if (n > 0)
		memcpy(in->text, data, n);
	in->text[n] = '\0';
	split(in);
	if (in->body != NULL)
		in->body_len = n - (size_t)((char *)in->body - in->text);
	add_length(in);
}

static void
end_input(struct input *in)
{
	free(in->length);
	free(in->text);
}

/* There is no more than is there. */
static void
close_stream(FCGX_Stream *stream)
{
	stream->isClosed = 1;
}

/* What a client would see: name: value lines, and the body's true length. */
static void
check_head(struct slice head)
{
	const char *end;
	size_t len;

	while (head.n > 0) {
		end = memmem(head.p, head.n, "\r\n", 2);
		assert(end != NULL);
		len = (size_t)(end - head.p);
		assert(memchr(head.p, '\n', len) == NULL);
		assert(memchr(head.p, '\r', len) == NULL);
		assert(memchr(head.p, '\0', len) == NULL);
		assert(memmem(head.p, len, ": ", 2) != NULL);
		head = slice_from(head, len + 2);
	}
}

static void
check_answer(struct request *r)
{
	const char *end;

	reply_print(&r->reply, &r->out);
	assert(!buf_failed(&r->out));
	assert(r->reply.status >= 200 && r->reply.status <= 599);
	/* The reference's 500, for a count that is too large. */
	assert(r->reply.status != 500 ||
	       slice_starts(buf_slice(&r->reply.body), "Read size"));
	assert(r->reply.status < 400 || r->reply.body.n > 0);
	end = memmem(r->out.p, r->out.n, "\r\n\r\n", 4);
	assert(end != NULL);
	check_head(slice(r->out.p, (size_t)(end - r->out.p) + 2));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = {0};
	FCGX_Stream body = {.isReader = 1, .fillBuffProc = close_stream};

	make_input(&in, data, n);
	body.rdNext = body.stopUnget = in.body;
	body.stop = body.wrNext =
	    in.body == NULL ? NULL : in.body + in.body_len;
	request->fcgx.envp = in.envp;
	request->fcgx.in = &body;
	request_begin(request);
	route_request(request);
	if (request->pending.is_ready)
		write_carry_out(request);
	check_answer(request);
	request->fcgx.envp = NULL;
	request->fcgx.in = NULL;
	end_input(&in);
	return 0;
}
