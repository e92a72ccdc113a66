#include "config.h"

#include "fcgi/options.h"
#include "fcgi/poll.h"
#include "fcgi/read.h"
#include "fcgi/refer.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/role.h"
#include "store/store.h"

/* A long poll has one time for both of its reasons to wait. */
static int64_t
wait_seconds(const struct options *o)
{
	return o->poll_s > READ_WAIT_S ? o->poll_s : READ_WAIT_S;
}

/*
 * A node that neither follows a master nor is one may have events at a position
 * where the cluster has others: those that it wrote when it was cut off.
 */
static bool
is_part_of_all(struct store *st)
{
	struct role_view v;

	if (!role_has_peers(store_role(st)))
		return true;
	role_look(store_role(st), &v);
	return v.kind != ROLE_NONE;
}

/* Whether to read now; else as read_run(). */
static bool
has_come_to(struct request *r, const struct options *o)
{
	uint64_t end = 0;
	enum err e;

	poll_look(r, slice_str("$all"));
	e = stream_read_end(r->server->store, &end);
	if (e == ERR_OK && end > (uint64_t)o->min_position &&
	    is_part_of_all(r->server->store))
		return true;
	if (e != ERR_OK)
		reply_error(&r->reply, e);
	else if (!poll_wait(r, wait_seconds(o)))
		reply_refuse_why(&r->reply, 503, "Server Is Not Ready",
		    "This node has not yet come to the position that "
		    "ES-MinimumPosition names; ask again, or another node.");
	return false;
}

bool
read_run(struct request *r, struct read *read)
{
	const struct options *o = read->options;

	if (o->min_position >= 0 && !has_come_to(r, o))
		return false;
	if (read->stream.n > 0)
		poll_look(r, read->stream);
	read->outcome = (o->require_master ? stream_run_as_master : stream_run)(
	    r->server->store, read->body, read->arg);
	if (read->outcome != ERR_NOT_MASTER && read->outcome != ERR_NO_MASTER)
		return true;
	refer_to_master(r);
	return false;
}
