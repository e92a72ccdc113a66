/*
 * xml_doc - the JSON that a small document in XML means.
 *
 * Layer: fcgi.  By the rules of xml_tree.h, the root's name left out.
 */
#ifndef FCGI_XML_DOC_H
#define FCGI_XML_DOC_H

#include "fcgi/xml_parse.h"
#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"

/*
 * Add to json what the root element means; json_parse() accepts it.
 * ERR_INVALID: why says more.  ERR_NO_MEMORY.
 */
enum err xml_doc_read(
    struct buf *json, struct slice text, char why[XML_WHY_SIZE]);

#endif
