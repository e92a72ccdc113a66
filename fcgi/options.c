#include "config.h"

#include "fcgi/header.h"
#include "fcgi/options.h"
#include "fcgi/refer.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/append.h"
#include "store/role.h"
#include "store/store.h"

static const struct options defaults = {
    .expected = EXPECT_ANY, .resolve_links = true, .min_position = -1};

static bool
refuse(struct request *r, const char *reason, const char *why)
{
	reply_refuse_why(&r->reply, 400, reason, why);
	return false;
}

static bool
read_expected(struct request *r, struct options *o)
{
	if (!request_has(r, HEADER_ES_EXPECTED_VERSION) ||
	    header_version(
		request_header(r, HEADER_ES_EXPECTED_VERSION), &o->expected))
		return true;
	return refuse(r, "ES-ExpectedVersion header in wrong format.",
	    "It must be one integer: an event number, or -1 (no stream), "
	    "-2 (any) or -4 (the stream exists).");
}

/* Under one of its three names; a repeated header must agree. */
static bool
read_require_master(struct request *r, bool *required)
{
	static const enum request_header names[] = {HEADER_ES_REQUIRE_MASTER,
	    HEADER_ES_REQUIRES_MASTER, HEADER_ES_REQUIRE_LEADER};
	bool wanted;
	size_t i;

	*required = false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!request_has(r, names[i]))
			continue;
		if (!header_bool(request_header(r, names[i]), &wanted))
			return refuse(r,
			    "ES-RequireMaster header in wrong format.",
			    "It must be True or False.");
		*required = *required || wanted;
	}
	return true;
}

static bool
check_master(struct request *r, struct options *o)
{
	struct store *st = r->server->store;

	if (!read_require_master(r, &o->require_master))
		return false;
	if (!o->require_master ||
	    (store_is_open(st) && role_is_master(store_role(st), NULL)))
		return true;
	refer_to_master(r);
	return false;
}

static bool
read_bool(
    struct request *r, enum request_header h, const char *reason, bool *value)
{
	if (!request_has(r, h) || header_bool(request_header(r, h), value))
		return true;
	return refuse(r, reason, "It must be True or False.");
}

static bool
read_min_position(struct request *r, struct options *o)
{
	struct slice text = request_header(r, HEADER_ES_MINIMUM_POSITION);
	int64_t position;

	if (!request_has(r, HEADER_ES_MINIMUM_POSITION))
		return true;
	if (!header_int64(text, &position) || position < 0)
		return refuse(r, "ES-MinimumPosition header in wrong format.",
		    "It must be a position, as ES-Position told it.");
	o->min_position = position;
	return true;
}

bool
options_for_write(struct request *r, struct options *o)
{
	*o = defaults;
	return read_expected(r, o) && check_master(r, o);
}

bool
options_for_delete(struct request *r, struct options *o)
{
	*o = defaults;
	return read_expected(r, o) && check_master(r, o) &&
	       read_bool(r, HEADER_ES_HARD_DELETE,
		   "ES-HardDelete header in wrong format.", &o->hard_delete);
}

static bool
read_place(struct request *r, struct options *o)
{
	*o = defaults;
	return check_master(r, o) && read_min_position(r, o);
}

static bool
read_links(struct request *r, struct options *o)
{
	const char *reason = "ES-ResolveLinkTos header in wrong format.";

	return read_bool(
		   r, HEADER_ES_RESOLVE_LINK_TO, reason, &o->resolve_links) &&
	       read_bool(
		   r, HEADER_ES_RESOLVE_LINK_TOS, reason, &o->resolve_links);
}

static bool
read_poll(struct request *r, struct options *o)
{
	if (!request_has(r, HEADER_ES_LONG_POLL))
		return true;
	if (!header_seconds(request_header(r, HEADER_ES_LONG_POLL), &o->poll_s))
		return refuse(r, "ES-LongPoll header in wrong format.",
		    "It must be a number of seconds above 0.");
	if (o->poll_s > OPTIONS_MAX_POLL_S)
		o->poll_s = OPTIONS_MAX_POLL_S;
	return true;
}

bool
options_for_read(struct request *r, struct options *o)
{
	return read_place(r, o) && read_links(r, o);
}

bool
options_for_poll(struct request *r, struct options *o)
{
	return options_for_read(r, o) && read_poll(r, o);
}

bool
options_for_all(struct request *r, struct options *o)
{
	return read_place(r, o);
}

bool
options_for_all_poll(struct request *r, struct options *o)
{
	return read_place(r, o) && read_poll(r, o);
}
