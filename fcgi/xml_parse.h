/*
 * xml_parse - the elements, attributes and texts of a document, in order.
 *
 * Layer: fcgi; the only code that sees libxml2.  Nothing is fetched, no
 * entity is declared or expanded, and depth, attributes and names are
 * bounded.
 */
#ifndef FCGI_XML_PARSE_H
#define FCGI_XML_PARSE_H

#include "store/err.h"
#include "store/slice.h"

/* Elements may be nested so deep, the root counted. */
#define XML_MAX_DEPTH 64

#define XML_WHY_SIZE 160

struct xml_parse;

/*
 * What is told of a document.  What one of them returns other than ERR_OK
 * ends the work.  Names have their prefixes; attributes are pairs of name
 * and value up to a NULL, or NULL.  All is borrowed, and UTF-8.
 */
struct xml_handler {
	enum err (*open)(
	    struct xml_parse *, const char *name, const char *const *atts);
	enum err (*close)(struct xml_parse *);
	enum err (*text)(struct xml_parse *, struct slice);
	enum err (*cdata)(struct xml_parse *, struct slice);
};

/* Starts as {.handler = ..., .arg = ...}. */
struct xml_parse {
	const struct xml_handler *handler;
	void *arg;                     /* the handler's */
	unsigned int depth;            /* of the elements that are open */
	char why[XML_WHY_SIZE];        /* out: a sentence, for ERR_INVALID */
	enum err e;                    /* the first error */
	struct _xmlParserCtxt *parser; /* libxml2's */
};

/* Once in a process, before its threads. */
void xml_parse_init(void);

/*
 * Parse a whole document.  ERR_INVALID: it is no XML that is taken, or the
 * handler refused it; why says more.  ERR_NO_MEMORY, or what the handler
 * returned.
 */
enum err xml_parse(struct xml_parse *, struct slice text);

/* For the handler: say why, behind "Line N: "; returns ERR_INVALID. */
enum err xml_refuse(struct xml_parse *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
