#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/connections.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"

#define ACCEPT_FAILED_MS 10

struct kept {
	int fd;
	bool is_new; /* nothing has been said there yet */
	struct kept *previous, *next;
};

struct connections {
	int listen_fd, epoll;
	unsigned int max;
	atomic_uint n, nnew;
	atomic_bool closing;
	pthread_mutex_t mutex;
	struct kept *first;
};

/* Told once: who takes it arms it again.  kept NULL: new ones. */
static int
watch(struct connections *c, int how, int fd, struct kept *kept)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT};

	e.data.ptr = kept;
	return epoll_ctl(c->epoll, how, fd, &e);
}

/* libfcgi would look who connects, if this asked for it; this does not. */
static bool
may_listen(int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);

	if (getenv("FCGI_WEB_SERVER_ADDRS") == NULL ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
	    a.ss_family == AF_UNIX)
		return true;
	log_error("worker",
	    "FCGI_WEB_SERVER_ADDRS is not supported: listen on a Unix socket, "
	    "or let a firewall say who may connect");
	return false;
}

static bool
prepare(struct connections *c)
{
	int on = 1;

	/* Accepted ones inherit it; a Unix socket knows no delay. */
	setsockopt(c->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fcntl(c->listen_fd, F_SETFL, O_NONBLOCK) == 0 &&
	    (c->epoll = epoll_create1(EPOLL_CLOEXEC)) >= 0 &&
	    watch(c, EPOLL_CTL_ADD, c->listen_fd, NULL) == 0)
		return true;
	log_error("worker", "listening: %s", strerror(errno));
	return false;
}

enum err
connections_new(struct connections **out, int listen_fd, unsigned int max)
{
	struct connections *c = xcalloc(1, sizeof(*c));

	c->listen_fd = listen_fd;
	c->epoll = -1;
	c->max = max;
	pthread_mutex_init(&c->mutex, NULL);
	if (!may_listen(listen_fd) || !prepare(c)) {
		connections_free(&c);
		return ERR_IO;
	}
	*out = c;
	return ERR_OK;
}

void
connections_free(struct connections **cp)
{
	struct connections *c = *cp;
	struct kept *k;

	if (c == NULL)
		return;
	while ((k = c->first) != NULL) {
		c->first = k->next;
		close(k->fd);
		free(k);
	}
	if (c->epoll >= 0)
		close(c->epoll);
	pthread_mutex_destroy(&c->mutex);
	free(c);
	*cp = NULL;
}

static void
link_in(struct connections *c, struct kept *k)
{
	pthread_mutex_lock(&c->mutex);
	if ((k->next = c->first) != NULL)
		k->next->previous = k;
	c->first = k;
	pthread_mutex_unlock(&c->mutex);
}

static void
drop(struct connections *c, struct kept *k)
{
	pthread_mutex_lock(&c->mutex);
	if (k->next != NULL)
		k->next->previous = k->previous;
	*(k->previous != NULL ? &k->previous->next : &c->first) = k->next;
	pthread_mutex_unlock(&c->mutex);
	atomic_fetch_sub(&c->n, 1);
	atomic_fetch_sub(&c->nnew, k->is_new);
	free(k);
}

static void
keep(struct connections *c, int fd, bool is_new)
{
	struct kept *k;

	if (atomic_fetch_add(&c->n, 1) >= c->max) {
		atomic_fetch_sub(&c->n, 1);
		close(fd);
		return;
	}
	atomic_fetch_add(&c->nnew, is_new);
	k = xcalloc(1, sizeof(*k));
	*k = (struct kept){.fd = fd, .is_new = is_new};
	link_in(c, k);
	/* Another thread may have it at once. */
	if (watch(c, EPOLL_CTL_ADD, fd, k) != 0) {
		drop(c, k);
		close(fd);
	}
}

void
connections_keep(struct connections *c, int fd)
{
	if (atomic_load(&c->closing))
		close(fd);
	else
		keep(c, fd, false);
}

static int
accept_one(struct connections *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 && errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED)
		/* No descriptor left for now. */
		clock_sleep_ms(ACCEPT_FAILED_MS);
	return fd;
}

/* What was told of: one that is kept, or that there are new ones. */
static int
take_told(struct connections *c, struct kept *k)
{
	int fd;

	if (k == NULL) {
		fd = accept_one(c);
		watch(c, EPOLL_CTL_MOD, c->listen_fd, NULL);
		return fd;
	}
	fd = k->fd;
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
	drop(c, k);
	return fd;
}

/* Returned is fd when somebody speaks there. */
static int
leave_silent(struct connections *c, int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		return fd;
	if (n < 0 && errno == EAGAIN)
		keep(c, fd, true);
	else
		close(fd);
	return -1;
}

int
connections_take(struct connections *c, int ms)
{
	struct epoll_event e;
	int fd = -1;

	/* Of those that are kept, each comes in its turn. */
	if (atomic_load(&c->n) == 0)
		fd = accept_one(c);
	if (fd < 0 && epoll_wait(c->epoll, &e, 1, ms) == 1)
		fd = take_told(c, e.data.ptr);
	return fd < 0 ? -1 : leave_silent(c, fd);
}

int
connections_last(struct connections *c, int64_t until_ms)
{
	struct epoll_event e;
	int64_t left;
	int fd = -1, ms;

	atomic_store(&c->closing, true);
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->listen_fd, NULL);
	while (fd < 0) {
		left = until_ms - clock_mono_ms();
		ms = atomic_load(&c->nnew) > 0 && left > 0 ? (int)left : 0;
		if (epoll_wait(c->epoll, &e, 1, ms) == 1)
			fd = leave_silent(c, take_told(c, e.data.ptr));
		else if (ms == 0)
			break;
	}
	return fd;
}

bool
connections_wait(const struct connections *c)
{
	struct pollfd p = {c->epoll, POLLIN, 0};

	return poll(&p, 1, 0) > 0;
}
