#include "config.h"

#include "fcgi/poll.h"
#include "fcgi/server.h"
#include "store/clock.h"
#include "store/stream.h"

/* So often a request that waits looks whether the worker stops. */
#define LONGEST_NAP_MS 500

void
poll_begin(struct poll *p, struct server *server, int64_t seconds)
{
	*p = (struct poll){.server = server,
	    .deadline = seconds == 0 ? 0 : clock_mono_ms() + seconds * 1000};
}

void
poll_mark(struct poll *p)
{
	p->seen = stream_wait_mark(p->server->store);
}

static bool
take_place(struct poll *p)
{
	if (p->waits)
		return true;
	if (atomic_fetch_add(&p->server->waiting, 1) >=
	    p->server->max_waiting) {
		atomic_fetch_sub(&p->server->waiting, 1);
		return false;
	}
	p->waits = true;
	return true;
}

bool
poll_wait(struct poll *p)
{
	int64_t left;

	while (p->deadline != 0 && !atomic_load(&p->server->stopping)) {
		left = p->deadline - clock_mono_ms();
		if (left <= 0 || !take_place(p))
			return false;
		stream_wait(p->server->store, p->seen,
		    left < LONGEST_NAP_MS ? left : LONGEST_NAP_MS);
		if (stream_wait_mark(p->server->store) != p->seen)
			return true;
	}
	return false;
}

void
poll_end(struct poll *p)
{
	if (p->waits)
		atomic_fetch_sub(&p->server->waiting, 1);
	p->waits = false;
}
