/*
 * route - from method and path to the function that answers.
 *
 * Layer: fcgi.  A table of resources, searched in order, so what is literal
 * stands before what is not.  The order of checks is the contract's 0.1.
 */
#ifndef FCGI_ROUTE_H
#define FCGI_ROUTE_H

#include <stddef.h>

struct media_list;
struct request;

typedef void route_handler_f(struct request *);

struct route_method {
	const char *name;
	const struct media_list *takes; /* NULL: any body, or none */
	const struct media_list *gives; /* NULL: whatever Accept says */
	route_handler_f *handle;
};

#define ROUTE_MAX_METHODS 3

struct resource {
	/*
	 * Segments behind slashes.  One that is a lone '*' stands for any
	 * and becomes one of request->args; a slash at the end must be there.
	 */
	const char *path;
	const char *allow; /* Access-Control-Allow-Methods */
	struct route_method methods[ROUTE_MAX_METHODS];
};

/* Each h_*.c has one of these tables, ended by a path of NULL. */
extern const struct resource h_admin_resources[];
extern const struct resource h_all_resources[];
extern const struct resource h_gossip_resources[];
extern const struct resource h_metadata_resources[];
extern const struct resource h_node_resources[];
extern const struct resource h_openapi_resources[];
extern const struct resource h_stats_resources[];
extern const struct resource h_stream_resources[];
extern const struct resource h_users_resources[];
extern const struct resource h_web_resources[];

/*
 * Answer the request: afterwards its reply is complete, or it waits, see
 * poll.h.
 */
void route_request(struct request *);

#endif
