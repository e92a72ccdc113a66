#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/patience.h"

/* Two tries to connect, 1 s apart, then a wait of 2 s. */
#define SYN_RETRIES 1

#define SLEEP_NS 5000000

/* While the connection says nothing: asked again after 2 s, given up at 4. */
#define KEEP_IDLE_S  2
#define KEEP_EVERY_S 1
#define KEEP_TIMES   2

struct option {
	int level, name, value;
};

/* The library turns keepalive on, with the system's two hours. */
static const struct option options[] = {
    {IPPROTO_TCP, TCP_NODELAY, 1},
    {IPPROTO_TCP, TCP_SYNCNT, SYN_RETRIES},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, PATIENCE_SILENT_MS},
    {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
    {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EVERY_S},
    {IPPROTO_TCP, TCP_KEEPCNT, KEEP_TIMES},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void
prepare(int fd)
{
	/* A read that blocks is one of a greeting; see establish_connection()
	 * in the library's repmgr_method.c. */
	struct timeval patience = {PATIENCE_SILENT_MS / 1000, 0};
	int domain = 0, saved = errno;
	socklen_t n = sizeof(domain);
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 &&
	    (domain == AF_INET || domain == AF_INET6)) {
		for (i = 0; i < OPTIONS; i++)
			setsockopt(fd, options[i].level, options[i].name,
			    &options[i].value, sizeof(options[i].value));
		setsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	}
	errno = saved;
}

int
connect(int fd, const struct sockaddr *address, socklen_t n)
{
	prepare(fd);
	return (int)syscall(SYS_connect, fd, address, n);
}

int
listen(int fd, int backlog)
{
	prepare(fd);
	return (int)syscall(SYS_listen, fd, backlog);
}

/*
 * With nothing to wait for it is the library's way to sleep, in loops that
 * look again afterwards (__os_yield).
 */
int
select(int n, fd_set *in, fd_set *out, fd_set *oob, struct timeval *t)
{
	struct timespec wait = {0, SLEEP_NS}, *until = NULL;

	if (t != NULL && (n > 0 || t->tv_sec == 0))
		wait = (struct timespec){t->tv_sec, t->tv_usec * 1000};
	if (t != NULL)
		until = &wait;
	return pselect(n, in, out, oob, until, NULL);
}

/* The port of a socket's other end; 0: it has none. */
static uint16_t
peer_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t n = sizeof(a);

	if (getpeername(fd, &a.any, &n) != 0)
		return 0;
	if (a.any.sa_family == AF_INET)
		return ntohs(a.v4.sin_port);
	return a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : 0;
}

void
patience_hang_up(uint16_t port)
{
	int fd;

	/* Those with higher numbers are of no use to the library. */
	for (fd = 0; fd < FD_SETSIZE; fd++)
		if (peer_port(fd) == port)
			shutdown(fd, SHUT_RDWR);
}

void
patience_prepare(void)
{
}

static enum err
await_connection(int fd, int timeout_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t n = sizeof(error);

	if (poll(&ready, 1, timeout_ms) != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		return ERR_UNAVAILABLE;
	if (error == ECONNREFUSED)
		return ERR_NO_EVENT;
	return error == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err
probe(const struct addrinfo *ai, int timeout_ms)
{
	int fd = socket(
	    ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	enum err e = ERR_UNAVAILABLE;

	if (fd < 0)
		return e;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		e = ERR_OK;
	else if (errno == ECONNREFUSED)
		e = ERR_NO_EVENT;
	else if (errno == EINPROGRESS)
		e = await_connection(fd, timeout_ms);
	close(fd);
	return e;
}

enum err
patience_probe(const char *host, uint16_t port, int timeout_ms)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	char service[8];
	enum err e;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return ERR_UNAVAILABLE;
	e = probe(list, timeout_ms);
	freeaddrinfo(list);
	return e;
}
