#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "fcgi/xml_parse.h"
#include "fcgi/xml_scan.h"

/*
 * The parser goes on after an error, though without callbacks: by giving it
 * this much at a time, it does not go far.
 */
#define PART_BYTES 16384

/*
 * libxml2 2.9 finds a name in time that grows with their number.  Its memory
 * for names grows by 1,024,000 bytes when about 341,000 are used.
 */
#define MAX_NAME_BYTES 1000000

enum err
xml_refuse(struct xml_parse *p, const char *fmt, ...)
{
	int n = snprintf(p->why, sizeof(p->why),
	    "Line %d: ", xmlSAX2GetLineNumber(p->parser));
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why + n, sizeof(p->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return ERR_INVALID;
}

static void
on_start(void *arg, const xmlChar *name, const xmlChar **atts)
{
	struct xml_parse *p = arg;

	if (p->e != ERR_OK)
		return;
	if (++p->depth > XML_MAX_DEPTH)
		p->e = xml_refuse(
		    p, "elements are nested deeper than %d.", XML_MAX_DEPTH);
	else
		p->e = p->handler->open(
		    p, (const char *)name, (const char *const *)atts);
}

static void
on_end(void *arg, const xmlChar *name)
{
	struct xml_parse *p = arg;

	(void)name;
	if (p->e != ERR_OK)
		return;
	p->e = p->handler->close(p);
	p->depth--;
}

static void
on_text(void *arg, const xmlChar *text, int n)
{
	struct xml_parse *p = arg;

	if (p->e == ERR_OK)
		p->e = p->handler->text(p, slice(text, (size_t)n));
}

static void
on_cdata(void *arg, const xmlChar *text, int n)
{
	struct xml_parse *p = arg;

	if (p->e == ERR_OK)
		p->e = p->handler->cdata(p, slice(text, (size_t)n));
}

/* xml_scan() lets none through; this is for what it may have overlooked. */
static void
on_document_type(void *arg, const xmlChar *name, const xmlChar *public_id,
    const xmlChar *system_id)
{
	struct xml_parse *p = arg;

	(void)name;
	(void)public_id;
	(void)system_id;
	if (p->e == ERR_OK)
		p->e = xml_refuse(p, "a document type is not taken.");
}

/* The first line of a message, which quotes what was sent, in plain ASCII. */
static void
copy_message(char *out, size_t size, const char *message)
{
	size_t i;

	for (i = 0; i + 1 < size && message[i] != '\0' && message[i] != '\n';
	     i++)
		out[i] =
		    message[i] >= ' ' && message[i] <= '~' ? message[i] : '?';
	out[i] = '\0';
}

/* The parser's own words, or better ones. */
static const char *
fault_text(const struct xml_parse *p, const xmlError *fault)
{
	if (fault == NULL || fault->message == NULL)
		return "it is not well-formed";
	/* Beyond 10,000,000 bytes, for want of XML_PARSE_HUGE. */
	if (fault->code == XML_ERR_INTERNAL_ERROR)
		return "a tag, comment or section is too long";
	/* It speaks of extra content then, too. */
	if (fault->code == XML_ERR_DOCUMENT_END && p->depth > 0)
		return "it ends before its elements do";
	return fault->message;
}

static void
on_error(void *arg, const char *fmt, ...)
{
	struct xml_parse *p = arg;
	const xmlError *fault = xmlCtxtGetLastError(p->parser);
	char message[120];

	(void)fmt;
	if (p->e != ERR_OK)
		return;
	if (fault != NULL && fault->code == XML_ERR_NO_MEMORY) {
		p->e = ERR_NO_MEMORY;
		return;
	}
	copy_message(message, sizeof(message), fault_text(p, fault));
	p->e = xml_refuse(p, "%s.", message);
}

/* No part may end within a character, which the parser could not read. */
static size_t
part_of(struct slice text)
{
	size_t n = PART_BYTES;

	if (text.n <= n)
		return text.n;
	while (((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
parse_part(struct xml_parse *p, struct slice part)
{
	xmlParseChunk(p->parser, part.p, (int)part.n, 0);
	if (p->e == ERR_OK && xmlDictGetUsage(p->parser->dict) > MAX_NAME_BYTES)
		p->e = xml_refuse(p,
		    "too many different names of elements and attributes; "
		    "send fewer events at once.");
}

static void
parse(struct xml_parse *p, struct slice text)
{
	size_t n;

	for (; p->e == ERR_OK && text.n > 0; text = slice_from(text, n)) {
		n = part_of(text);
		parse_part(p, slice(text.p, n));
	}
	if (p->e == ERR_OK)
		xmlParseChunk(p->parser, NULL, 0, 1);
	if (p->e == ERR_OK && !p->parser->wellFormed)
		p->e = xml_refuse(p, "it is not well-formed XML.");
}

/*
 * SAX 1 gives names with their prefixes, and looks for no namespaces, which
 * would take time in the square of those declared.  The structure must not
 * have SAX 2's mark: with it Debian's 2.9.14 calls only SAX 2's functions.
 */
static xmlParserCtxtPtr
parser_new(struct xml_parse *p)
{
	xmlSAXHandler sax = {.initialized = 1,
	    .internalSubset = on_document_type,
	    .startElement = on_start,
	    .endElement = on_end,
	    .characters = on_text,
	    .ignorableWhitespace = on_text,
	    .cdataBlock = on_cdata,
	    .error = on_error,
	    .fatalError = on_error};
	xmlParserCtxtPtr parser =
	    xmlCreatePushParserCtxt(&sax, p, NULL, 0, NULL);

	if (parser != NULL)
		xmlCtxtUseOptions(
		    parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	return parser;
}

static struct slice
without_mark(struct slice text)
{
	return slice_starts(text, "\xef\xbb\xbf") ? slice_from(text, 3) : text;
}

void
xml_parse_init(void)
{
	xmlInitParser();
}

enum err
xml_parse(struct xml_parse *p, struct slice text)
{
	struct xml_fault fault;

	text = without_mark(text);
	if (!xml_scan(text, &fault)) {
		snprintf(p->why, sizeof(p->why), "Line %zu: %s.", fault.line,
		    fault.why);
		return ERR_INVALID;
	}
	if ((p->parser = parser_new(p)) == NULL)
		return ERR_NO_MEMORY;
	parse(p, text);
	xmlFreeParserCtxt(p->parser);
	p->parser = NULL;
	return p->e;
}
