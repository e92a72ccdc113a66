#include "config.h"

#include "fcgi/poll.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/waiting.h"
#include "store/clock.h"
#include "store/store.h"

void
poll_look(struct request *r, struct slice stream)
{
	r->poll.mark = wakeup_mark(store_wakeup(r->server->store), stream);
}

static bool
begin(struct request *r, int64_t seconds)
{
	if (!waiting_take_place(r->server->waiting))
		return false;
	r->poll.deadline = clock_mono_ms() + seconds * 1000;
	return true;
}

bool
poll_wait(struct request *r, int64_t seconds)
{
	struct poll *p = &r->poll;

	if (seconds == 0 || p->is_over || atomic_load(&r->server->stopping))
		return false;
	p->waits =
	    p->waited > 0 ? clock_mono_ms() < p->deadline : begin(r, seconds);
	p->waited += p->waits;
	return p->waits;
}
