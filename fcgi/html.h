/*
 * html - a small page that leads a person to the web UI.
 *
 * Layer: fcgi.  Contract 2.8.
 */
#ifndef FCGI_HTML_H
#define FCGI_HTML_H

#include "store/buf.h"

struct html_page {
	struct slice title;
	struct slice base; /* of the node */
	struct slice path; /* of what the UI shows, escaped, from its slash */
};

void html_print(struct buf *, const struct html_page *);

#endif
