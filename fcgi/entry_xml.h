/*
 * entry_xml - an entry printed as XML.
 *
 * Layer: fcgi.  Contract 1.8 and 2.6.
 */
#ifndef FCGI_ENTRY_XML_H
#define FCGI_ENTRY_XML_H

#include "fcgi/entry.h"
#include "fcgi/mould.h"

/*
 * <entry>, with the mould of its feed; or, as a document, without one,
 * <atom:entry> with its declaration.
 */
void entry_xml_print(struct buf *, const struct entry *,
    const struct entry_style *, struct mould *);

/* The document of event+xml. */
void entry_xml_event(struct buf *, const struct entry *);

/* The document of text/xml and application/xml: the data alone. */
void entry_xml_data(struct buf *, const struct event *);

#endif
