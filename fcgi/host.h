/*
 * host - the names under which a node may be asked.
 *
 * Layer: fcgi.  A page of somebody else's can make a browser ask this node
 * under a name of its own that leads here (DNS rebinding), and links follow
 * the name that was used.  So a name must be known: that of url in rill.json,
 * one of hosts, or localhost.  Addresses are taken as they are.
 */
#ifndef FCGI_HOST_H
#define FCGI_HOST_H

#include <stdbool.h>

#include "store/slice.h"

struct conf;
struct request;

/* Whether a Host header, with or without a port, names this node. */
bool host_is_known(const struct conf *, struct slice host);

/* False: it does not, and the reply says so. */
bool host_check(struct request *);

#endif
