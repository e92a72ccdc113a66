/*
 * xml_in - the events in a request's body that is XML.
 *
 * Layer: fcgi.  What an element means in JSON is said in xml_tree.h.
 */
#ifndef FCGI_XML_IN_H
#define FCGI_XML_IN_H

#include "fcgi/body.h"
#include "store/err.h"
#include "store/slice.h"

/*
 * Read what body_read_batch() reads, from XML (contract 1.3): each child of
 * the root is an event, with children eventId, eventType, data, metadata in
 * any case and namespace; others ignored, the last of several counts.  Data
 * or metadata of text only is text, of elements or attributes JSON.
 * ERR_INVALID, ERR_TOO_LARGE: reason and why say more.  ERR_NO_MEMORY.
 */
enum err xml_in_read_batch(struct body *, struct slice text);

#endif
