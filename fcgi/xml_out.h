/*
 * xml_out - pieces of XML, and JSON turned into XML (contract 2.6).
 *
 * Layer: fcgi.  What is written is well-formed whatever the bytes are: what
 * XML 1.0 cannot hold becomes U+FFFD.
 */
#ifndef FCGI_XML_OUT_H
#define FCGI_XML_OUT_H

#include "store/buf.h"

#define XML_OUT_DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>"

/* Text between tags, or within an attribute's quotes. */
void xml_out_text(struct buf *, struct slice);

/* <name>text</name> */
void xml_out_element(struct buf *, const char *name, struct slice text);

/* A name of any bytes: what a name may not have becomes _xHHHH_. */
void xml_out_name(struct buf *, struct slice);

/*
 * JSON below an element called name, with further attributes as they stand
 * (beginning with a space, or empty).  Members become elements, items of an
 * array elements of one name (an array within it is an element that holds
 * such elements), null an empty element.  Members called @name become
 * attributes, and so do those called $name in the namespace of
 * Newtonsoft's converter, unless they hold objects or arrays; #text is text,
 * as xml_in has it.  The JSON was accepted by json_parse().
 */
void xml_out_json(
    struct buf *, const char *name, const char *attributes, struct slice json);

#endif
