#include "config.h"

#include <errno.h>
#include <fastcgi.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "fcgi/records.h"

#define LARGEST_CONTENT 65528 /* a multiple of 8, as FastCGI advises */

/* The end of the stream, and of the request; all zero is its success. */
struct end {
	FCGI_Header stream;
	FCGI_EndRequestRecord request;
};

static FCGI_Header
header_of(const FCGX_Request *r, unsigned char type, size_t content)
{
	return (FCGI_Header){.version = FCGI_VERSION_1,
	    .type = type,
	    .requestIdB1 = (unsigned char)(r->requestId >> 8),
	    .requestIdB0 = (unsigned char)r->requestId,
	    .contentLengthB1 = (unsigned char)(content >> 8),
	    .contentLengthB0 = (unsigned char)content};
}

static struct end
end_of(const FCGX_Request *r)
{
	return (struct end){.stream = header_of(r, FCGI_STDOUT, 0),
	    .request.header =
		header_of(r, FCGI_END_REQUEST, sizeof(FCGI_EndRequestBody))};
}

/* What is only read from. */
static struct iovec
part(const void *p, size_t n)
{
	return (struct iovec){(void *)(uintptr_t)p, n};
}

/* Take the first bytes, at most so many, off s. */
static struct iovec
take(struct slice *s, size_t most)
{
	struct iovec v = part(s->p, s->n < most ? s->n : most);

	if (v.iov_len > 0)
		*s = slice_from(*s, v.iov_len);
	return v;
}

/* Past n bytes that were written of the parts; returned is how many parts. */
static int
skip(const struct iovec *v, int parts, size_t *n)
{
	int i;

	for (i = 0; i < parts && *n >= v[i].iov_len; i++)
		*n -= v[i].iov_len;
	return i;
}

/* Where records go, and how long nothing of them may be taken. */
struct way {
	int fd;
	int ms;
};

/* False: there is no room, and there will be none. */
static bool
await_room(const struct way *w)
{
	struct pollfd p = {w->fd, POLLOUT, 0};
	int r;

	do
		r = poll(&p, 1, w->ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

static ssize_t
write_some(const struct way *w, struct iovec *v, int parts)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)parts};
	ssize_t n;

	do
		n = sendmsg(w->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && (errno == EINTR || (errno == EAGAIN && await_room(w))));
	return n;
}

static bool
write_all(const struct way *w, struct iovec *v, int parts)
{
	ssize_t written;
	size_t n;
	int done;

	while (parts > 0) {
		if ((written = write_some(w, v, parts)) < 0)
			return false;
		n = (size_t)written;
		done = skip(v, parts, &n);
		v += done;
		parts -= done;
		if (parts > 0)
			*v = part((char *)v->iov_base + n, v->iov_len - n);
	}
	return true;
}

bool
records_send(const FCGX_Request *r, struct answer a, int ms)
{
	struct way way = {r->ipcFd, ms};
	struct end end = end_of(r);
	struct iovec v[4];
	FCGI_Header header;
	bool is_last, sent;

	do {
		v[1] = take(&a.head, LARGEST_CONTENT);
		v[2] = take(&a.body, LARGEST_CONTENT - v[1].iov_len);
		header = header_of(r, FCGI_STDOUT, v[1].iov_len + v[2].iov_len);
		v[0] = part(&header, sizeof(header));
		is_last = a.head.n + a.body.n == 0;
		v[3] = part(&end, is_last ? sizeof(end) : 0);
		sent = write_all(&way, v, 4);
	} while (sent && !is_last);
	return sent;
}
