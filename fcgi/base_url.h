/*
 * base_url - what links begin with, as the client sees this node.
 *
 * Layer: fcgi, without FastCGI: header values in, bytes out (contract 0.7).
 * Whatever is printed is fit to stand in a header and in JSON unescaped; a
 * header that would break that has no effect.
 */
#ifndef FCGI_BASE_URL_H
#define FCGI_BASE_URL_H

#include "store/slice.h"

struct buf;

/* An empty slice is a header that was not sent. */
struct base_url_in {
	struct slice scheme;         /* "https", else http is meant */
	struct slice host;           /* Host: name[:port] */
	struct slice forwarded_port; /* the X-Forwarded- headers */
	struct slice forwarded_proto;
	struct slice forwarded_host;
	struct slice forwarded_prefix;
	struct slice configured; /* url of rill.json */
};

/*
 * Append http[s]://host[:port][/prefix], without a slash at its end and
 * without a default port.  Without a usable Host the configured url takes
 * its place and that of the scheme.  Nothing is appended when neither has
 * a usable host, so that links become relative to the server.
 */
void base_url_print(struct buf *, const struct base_url_in *);

#endif
