/*
 * flood - requests at a rate that does not heed how they are answered.
 *
 *   flood PORT CLIENTS RATE SECONDS APPENDS STREAMS EVENTS
 *
 * RATE requests a second, evenly, each over whichever of CLIENTS connections
 * has none under way; 0: every client asks again as soon as it is answered.
 * APPENDS of 100 requests append an event of 300 bytes to one of STREAMS
 * streams, the others read one of their first EVENTS events.  A request that
 * finds all clients busy is not made: its kind of client would have been
 * another one that waits.  Prints what came of them as a JSON object; times
 * are in microseconds, from sending to the end of the answer.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES   4096
#define EVENT_BYTES  300
#define AFTERWARDS_S 15 /* for answers that are late */

enum state { CLOSED, IDLE, CONNECTING, BUSY };

struct client {
	int fd;
	enum state state;
	bool in_stack; /* of those that are free */
	int64_t began_us;
	char request[1024];
	size_t request_n, sent;
	char head[HEAD_BYTES];
	size_t head_n;
	bool has_head, closes, is_rills;
	int status;
	size_t left; /* bytes of the body that are to come */
};

struct times {
	uint32_t *us;
	size_t n, size;
};

static struct {
	int epoll, port, appends, streams, events;
	unsigned int nclients, nfree;
	double rate, seconds;
	struct client *clients, **stack;
	struct times served, refused;
	unsigned long offered, sent, kept_back, ok, by_rill, by_front, other;
	unsigned long without_retry, refused_connections, cut_off, in_hand;
} self;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
note(struct times *t, int64_t us)
{
	if (t->n == t->size) {
		t->size = t->size == 0 ? 65536 : t->size * 2;
		t->us = realloc(t->us, t->size * sizeof(*t->us));
		if (t->us == NULL)
			abort();
	}
	t->us[t->n++] = (uint32_t)us;
}

static void
push_free(struct client *c)
{
	if (!c->in_stack)
		self.stack[self.nfree++] = c;
	c->in_stack = true;
}

static void
hang_up(struct client *c)
{
	close(c->fd);
	c->state = CLOSED;
	push_free(c);
}

/* The connection ended before the answer did. */
static void
lose(struct client *c)
{
	if (c->state == CONNECTING)
		self.refused_connections++;
	else if (c->state == BUSY)
		self.cut_off++;
	if (c->state == CONNECTING || c->state == BUSY)
		self.in_hand--;
	hang_up(c);
}

static void
watch(struct client *c, uint32_t events, int how)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	epoll_ctl(self.epoll, how, c->fd, &e);
}

static void
print_append(struct client *c)
{
	static char text[EVENT_BYTES + 1];
	char body[EVENT_BYTES + 128];
	int n;

	memset(text, 'x', EVENT_BYTES);
	n = snprintf(body, sizeof(body),
	    "[{\"eventId\":\"%08lx-%04lx-4%03lx-8%03lx-%06lx%06lx\","
	    "\"eventType\":\"measured\",\"data\":{\"text\":\"%s\"}}]",
	    random() & 0xffffffff, random() & 0xffff, random() & 0xfff,
	    random() & 0xfff, random() & 0xffffff, random() & 0xffffff, text);
	c->request_n = (size_t)snprintf(c->request, sizeof(c->request),
	    "POST /streams/load-%ld HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Content-Type: application/vnd.eventstore.events+json\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    random() % self.streams + 1, self.port, n, body);
}

static void
print_request(struct client *c)
{
	if (random() % 100 < self.appends)
		print_append(c);
	else
		c->request_n = (size_t)snprintf(c->request, sizeof(c->request),
		    "GET /streams/load-%ld/%ld HTTP/1.1\r\n"
		    "Host: 127.0.0.1:%d\r\n\r\n",
		    random() % self.streams + 1, random() % self.events,
		    self.port);
}

static void
send_rest(struct client *c)
{
	ssize_t n = send(c->fd, c->request + c->sent, c->request_n - c->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN) {
		lose(c);
		return;
	}
	c->sent += n < 0 ? 0 : (size_t)n;
	watch(c, c->sent < c->request_n ? EPOLLIN | EPOLLOUT : EPOLLIN,
	    EPOLL_CTL_MOD);
}

static void
dial(struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)self.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		abort();
	c->state = CONNECTING;
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	    errno != EINPROGRESS)
		lose(c);
	else
		watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void
begin(struct client *c)
{
	print_request(c);
	c->began_us = now_us();
	c->sent = c->head_n = c->left = 0;
	c->has_head = c->closes = c->is_rills = false;
	self.sent++;
	self.in_hand++;
	if (c->state == CLOSED) {
		dial(c);
		return;
	}
	c->state = BUSY;
	send_rest(c);
}

static void
count(struct client *c)
{
	int64_t us = now_us() - c->began_us;

	self.in_hand--;
	if (c->status >= 200 && c->status < 300) {
		self.ok++;
		note(&self.served, us);
	} else if (c->status == 503) {
		*(c->is_rills ? &self.by_rill : &self.by_front) += 1;
		self.without_retry += strcasestr(c->head, "Retry-After:") == 0;
		note(&self.refused, us);
	} else {
		self.other++;
	}
	c->state = IDLE;
	if (c->closes)
		hang_up(c);
	else
		push_free(c);
}

/* False: the rest of it is to come. */
static bool
read_head(struct client *c)
{
	char *end, *length;

	c->head[c->head_n] = '\0';
	if ((end = strstr(c->head, "\r\n\r\n")) == NULL)
		return false;
	*end = '\0';
	c->status = (int)strtol(c->head + 9, NULL, 10);
	c->closes = strcasestr(c->head, "\r\nConnection: close") != NULL;
	c->is_rills = strcasestr(c->head, "\r\nX-Request-Id:") != NULL;
	length = strcasestr(c->head, "\r\nContent-Length:");
	c->left = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
	c->left -= c->head_n - (size_t)(end + 4 - c->head);
	c->has_head = true;
	return true;
}

static void
receive(struct client *c)
{
	static char rest[65536];
	char *to = c->has_head ? rest : c->head + c->head_n;
	size_t room = c->has_head ? sizeof(rest) : HEAD_BYTES - 1 - c->head_n;
	ssize_t n = recv(c->fd, to, room, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || c->state != BUSY) {
		lose(c);
		return;
	}
	if (c->has_head)
		c->left -= (size_t)n;
	else
		c->head_n += (size_t)n;
	if ((c->has_head || read_head(c)) && c->left == 0)
		count(c);
}

static void
turn(const struct epoll_event *e)
{
	struct client *c = e->data.ptr;

	if (c->state == CLOSED)
		return;
	if (c->state == CONNECTING && (e->events & (EPOLLERR | EPOLLHUP)) != 0)
		lose(c);
	else if (c->state == CONNECTING) {
		c->state = BUSY;
		send_rest(c);
	} else if ((e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		receive(c);
	else if ((e->events & EPOLLOUT) != 0)
		send_rest(c);
}

static void
offer(unsigned long due)
{
	struct client *c;

	for (; self.offered < due; self.offered++) {
		if (self.nfree == 0) {
			self.kept_back += due - self.offered;
			self.offered = due;
			return;
		}
		c = self.stack[--self.nfree];
		c->in_stack = false;
		begin(c);
	}
}

static void
flood(void)
{
	struct epoll_event events[256];
	int64_t begin_us = now_us(), gone;
	bool is_over = false;
	int i, n;

	while (!is_over || self.in_hand > 0) {
		gone = now_us() - begin_us;
		is_over = (double)gone >= self.seconds * 1e6;
		if ((double)gone >= (self.seconds + AFTERWARDS_S) * 1e6)
			return;
		if (!is_over && self.rate > 0)
			offer((unsigned long)((double)gone * self.rate / 1e6));
		else if (!is_over)
			offer(self.offered + self.nfree);
		n = epoll_wait(self.epoll, events, 256, 1);
		for (i = 0; i < n; i++)
			turn(&events[i]);
	}
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
print_times(const char *name, struct times *t)
{
	static const double parts[] = {0.5, 0.9, 0.99, 0.999, 1};
	size_t i, at;

	qsort(t->us, t->n, sizeof(*t->us), compare);
	printf(", \"%s\": [", name);
	for (i = 0; t->n > 0 && i < 5; i++) {
		at = (size_t)(parts[i] * (double)(t->n - 1));
		printf("%s%u", i == 0 ? "" : ", ", t->us[at]);
	}
	printf("]");
}

static void
report(void)
{
	printf("{\"offered\": %lu, \"sent\": %lu, \"kept_back\": %lu, "
	       "\"ok\": %lu, \"by_rill\": %lu, \"by_front\": %lu, "
	       "\"other\": %lu, \"without_retry\": %lu, \"refused\": %lu, "
	       "\"cut_off\": %lu, \"unanswered\": %lu",
	    self.offered, self.sent, self.kept_back, self.ok, self.by_rill,
	    self.by_front, self.other, self.without_retry,
	    self.refused_connections, self.cut_off, self.in_hand);
	print_times("served_us", &self.served);
	print_times("refused_us", &self.refused);
	printf("}\n");
}

static bool
prepare(void)
{
	struct rlimit files;
	unsigned int i;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	srandom((unsigned int)now_us());
	self.epoll = epoll_create1(0);
	self.clients = calloc(self.nclients, sizeof(*self.clients));
	self.stack = calloc(self.nclients, sizeof(struct client *));
	if (self.epoll < 0 || self.clients == NULL || self.stack == NULL)
		return false;
	for (i = 0; i < self.nclients; i++)
		push_free(&self.clients[i]);
	return true;
}

int
main(int argc, char **argv)
{
	if (argc != 8) {
		fputs("usage: flood PORT CLIENTS RATE SECONDS APPENDS STREAMS "
		      "EVENTS\n",
		    stderr);
		return 2;
	}
	self.port = (int)strtol(argv[1], NULL, 10);
	self.nclients = (unsigned int)strtoul(argv[2], NULL, 10);
	self.rate = strtod(argv[3], NULL);
	self.seconds = strtod(argv[4], NULL);
	self.appends = (int)strtol(argv[5], NULL, 10);
	self.streams = (int)strtol(argv[6], NULL, 10);
	self.events = (int)strtol(argv[7], NULL, 10);
	if (!prepare())
		return 1;
	flood();
	report();
	return 0;
}
