/*
 * feed_xml - a feed printed as Atom.
 *
 * Layer: fcgi.  RFC 4287; elements and their order: contract 2.6.
 */
#ifndef FCGI_FEED_XML_H
#define FCGI_FEED_XML_H

#include "fcgi/feed_doc.h"
#include "store/buf.h"

void feed_xml_print(struct buf *, const struct feed *);

#endif
