/*
 * xml_scan - what of an XML document is refused before it is parsed.
 *
 * Layer: fcgi.  libxml2 2.9 takes time in the square of an element's
 * attributes, believes the encoding a document claims, and reads document
 * types.  Nothing of that gets past here.
 */
#ifndef FCGI_XML_SCAN_H
#define FCGI_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "store/slice.h"

#define XML_SCAN_MAX_ATTRIBUTES 128 /* of one element */

struct xml_fault {
	size_t line;     /* the first is 1 */
	const char *why; /* a static English phrase */
};

/*
 * Whether text is UTF-8 without NUL, claims no other encoding, and has
 * neither a document type nor an element with too many attributes.  False:
 * *fault says where and why.  It need not be well-formed for all that.
 */
bool xml_scan(struct slice text, struct xml_fault *fault);

#endif
