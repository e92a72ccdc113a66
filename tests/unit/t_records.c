#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/records.h"

#define REQUEST     0x1234
#define LARGE_BYTES 300000
#define PATIENCE_MS 20000

struct pipe {
	FCGX_Request request;
	int there; /* the web server's end */
	struct buf came;
};

static void
make_pipe(struct pipe *p)
{
	int fds[2], small = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	/* Less than an answer: it is written in pieces. */
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	*p = (struct pipe){.there = fds[1]};
	p->request.ipcFd = fds[0];
	p->request.requestId = REQUEST;
}

static void *
read_all(void *arg)
{
	struct pipe *p = arg;
	char bytes[1000];
	ssize_t n;

	while ((n = read(p->there, bytes, sizeof(bytes))) > 0)
		buf_add(&p->came, bytes, (size_t)n);
	return NULL;
}

static void
send_answer(struct pipe *p, struct slice head, struct slice body)
{
	pthread_t reader;

	make_pipe(p);
	assert_int_equal(pthread_create(&reader, NULL, read_all, p), 0);
	assert_true(records_send(
	    &p->request, (struct answer){head, body}, PATIENCE_MS));
	close(p->request.ipcFd);
	pthread_join(reader, NULL);
	close(p->there);
}

struct record {
	unsigned int type, request;
	struct slice content;
};

static struct record
take_record(struct slice *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	struct record r;
	size_t n;

	assert_true(s->n >= 8);
	assert_int_equal(p[0], 1);
	n = (size_t)p[4] << 8 | p[5];
	assert_true(s->n >= 8 + n + p[6]);
	r = (struct record){
	    p[1], (unsigned int)p[2] << 8 | p[3], slice(s->p + 8, n)};
	*s = slice_from(*s, 8 + n + p[6]);
	assert_int_equal(r.request, REQUEST);
	return r;
}

/* What the records of the stream hold, up to its end and the request's. */
static void
read_answer(struct slice came, struct buf *said)
{
	struct record r;

	while ((r = take_record(&came)).content.n > 0) {
		assert_int_equal(r.type, 6); /* STDOUT */
		buf_add_slice(said, r.content);
	}
	assert_int_equal(r.type, 6);
	r = take_record(&came);
	assert_int_equal(r.type, 3); /* END_REQUEST */
	assert_int_equal(r.content.n, 8);
	assert_memory_equal(r.content.p, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(came.n, 0);
}

static void
assert_arrives(struct slice head, struct slice body)
{
	struct buf said = {0};
	struct pipe p;

	send_answer(&p, head, body);
	read_answer(buf_slice(&p.came), &said);
	assert_int_equal(said.n, head.n + body.n);
	assert_memory_equal(said.p, head.p, head.n);
	if (body.n > 0)
		assert_memory_equal(said.p + head.n, body.p, body.n);
	buf_fini(&p.came);
	buf_fini(&said);
}

static void
a_small_answer_is_one_record_and_the_end(void **state)
{
	struct slice came;
	struct pipe p;

	(void)state;
	send_answer(&p, slice_str("Status: 200\r\n\r\n"), slice_str("yes"));
	came = buf_slice(&p.came);
	assert_true(
	    slice_is(take_record(&came).content, "Status: 200\r\n\r\nyes"));
	assert_int_equal(take_record(&came).content.n, 0);
	buf_fini(&p.came);
	assert_arrives(slice_str("Status: 204\r\n\r\n"), slice(NULL, 0));
}

static void
an_answer_of_any_size_arrives_whole(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 65520, 65527, 65528, 65529, 131056, LARGE_BYTES};
	char *bytes = malloc(LARGE_BYTES);
	size_t i;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < LARGE_BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_arrives(slice_str("8 bytes:"), slice(bytes, sizes[i]));
		assert_arrives(
		    slice(bytes, sizes[i] + (sizes[i] == 0)), slice(NULL, 0));
	}
	free(bytes);
}

static void
a_web_server_that_left_is_told(void **state)
{
	struct pipe p;

	(void)state;
	make_pipe(&p);
	close(p.there);
	assert_false(records_send(&p.request,
	    (struct answer){slice_str("h"), slice_str("b")}, PATIENCE_MS));
	close(p.request.ipcFd);
}

static void
a_web_server_that_takes_nothing_is_given_up(void **state)
{
	char *bytes = calloc(1, LARGE_BYTES);
	struct pipe p;

	(void)state;
	make_pipe(&p);
	assert_false(records_send(&p.request,
	    (struct answer){slice_str("h"), slice(bytes, LARGE_BYTES)}, 1));
	close(p.request.ipcFd);
	close(p.there);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_small_answer_is_one_record_and_the_end),
	    cmocka_unit_test(an_answer_of_any_size_arrives_whole),
	    cmocka_unit_test(a_web_server_that_left_is_told),
	    cmocka_unit_test(a_web_server_that_takes_nothing_is_given_up),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
