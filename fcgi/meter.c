#include "config.h"

#include "fcgi/meter.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/clock.h"
#include "store/store.h"

static const char *const method_names[TALLY_METHODS] = {
    [TALLY_GET] = "GET",
    [TALLY_HEAD] = "HEAD",
    [TALLY_POST] = "POST",
    [TALLY_PUT] = "PUT",
    [TALLY_DELETE] = "DELETE",
    [TALLY_OPTIONS] = "OPTIONS",
    [TALLY_OTHER] = "other",
};

const char *
meter_method_name(enum tally_method m)
{
	return method_names[m];
}

static enum tally_method
method_of(const struct request *r)
{
	struct slice name = request_header(r, HEADER_METHOD);
	enum tally_method m = 0;

	while (m < TALLY_OTHER && !slice_is(name, method_names[m]))
		m++;
	return m;
}

/* Of requests to streams those that did what they were to do, at once. */
static bool
is_timed(const struct request *r, enum tally_method m, enum tally_timed *timed)
{
	if (r->reply.status >= 300 || r->poll.waited > 0 ||
	    r->uri.nsegments == 0 || !slice_is(r->uri.segments[0], "streams"))
		return false;
	*timed = m == TALLY_GET ? TALLY_READ : TALLY_APPEND;
	return m == TALLY_GET || m == TALLY_POST || m == TALLY_DELETE;
}

void
meter_note(const struct request *r)
{
	struct tally *tally = store_tally(r->server->store);
	enum tally_method m = method_of(r);
	enum tally_timed timed;

	tally_request(tally, m, r->reply.status);
	if (is_timed(r, m, &timed))
		tally_time(
		    tally, timed, (uint64_t)(clock_mono_us() - r->began_us));
}
