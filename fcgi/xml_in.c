#include "config.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "fcgi/xml_in.h"
#include "fcgi/xml_scan.h"
#include "fcgi/xml_tree.h"
#include "store/buf.h"
#include "store/json.h"

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

#define EVENT_DEPTH  2
#define MEMBER_DEPTH 3

enum member_name {
	MEMBER_ID,
	MEMBER_TYPE,
	MEMBER_DATA,
	MEMBER_METADATA,
	MEMBER_NONE
};

static const char *const member_names[MEMBER_NONE] = {
    [MEMBER_ID] = "eventId",
    [MEMBER_TYPE] = "eventType",
    [MEMBER_DATA] = "data",
    [MEMBER_METADATA] = "metadata",
};

struct member {
	struct buf text;
	bool is_json;
};

struct reader {
	struct body *body;
	xmlParserCtxtPtr parser;
	unsigned int depth;   /* of the elements that are open */
	enum member_name in;  /* the member that is open */
	struct xml_tree tree; /* what is in it */
	struct member members[MEMBER_NONE];
	enum err e; /* the first error; it ends the work */
};

static struct slice
slice_xml(const xmlChar *s)
{
	return slice_str((const char *)s);
}

static enum err
too_large(struct reader *r, enum err e)
{
	return e == ERR_TOO_LARGE ? body_too_large(r->body) : e;
}

static enum member_name
find_member(const xmlChar *name)
{
	const char *colon = strrchr((const char *)name, ':');
	const char *local = colon == NULL ? (const char *)name : colon + 1;
	enum member_name m = MEMBER_ID;

	while (m < MEMBER_NONE && strcasecmp(local, member_names[m]) != 0)
		m++;
	return m;
}

static void
start_event(struct reader *r)
{
	size_t i;

	for (i = 0; i < MEMBER_NONE; i++) {
		buf_reset(&r->members[i].text);
		r->members[i].is_json = false;
	}
}

/* Attributes of an id or a type, as xmlns="", say nothing. */
static enum err
open_element(struct reader *r, const xmlChar *name, const xmlChar **atts)
{
	enum err e = xml_tree_open(&r->tree, slice_xml(name));

	if (atts == NULL || r->in == MEMBER_ID || r->in == MEMBER_TYPE)
		return e;
	for (; e == ERR_OK && atts[0] != NULL; atts += 2)
		e = xml_tree_add_attribute(
		    &r->tree, slice_xml(atts[0]), slice_xml(atts[1]));
	return e;
}

/* The body bounds ids and types; what they may have is checked later. */
static void
start_member(struct reader *r, const xmlChar *name)
{
	r->in = find_member(name);
	xml_tree_reset(&r->tree);
	r->tree.max_bytes = r->in == MEMBER_DATA || r->in == MEMBER_METADATA
				? r->body->max_event_bytes
				: SIZE_MAX;
}

static void
on_start(void *arg, const xmlChar *name, const xmlChar **atts)
{
	struct reader *r = arg;

	if (r->e != ERR_OK)
		return;
	if (++r->depth > XML_IN_MAX_DEPTH) {
		r->e = body_refuse(r->body,
		    "Line %d: elements are nested deeper than %d.",
		    xmlSAX2GetLineNumber(r->parser), XML_IN_MAX_DEPTH);
		return;
	}
	if (r->depth == EVENT_DEPTH)
		start_event(r);
	if (r->depth == MEMBER_DEPTH)
		start_member(r, name);
	if (r->in != MEMBER_NONE)
		r->e = too_large(r, open_element(r, name, atts));
}

static enum err
keep_json(struct reader *r, struct member *m)
{
	if (r->in == MEMBER_ID || r->in == MEMBER_TYPE)
		return body_refuse(r->body,
		    "Line %d: the \"%s\" of event %zu must be text only.",
		    xmlSAX2GetLineNumber(r->parser), member_names[r->in],
		    r->body->n);
	if (!xml_tree_print(&r->tree, &m->text))
		return body_refuse(r->body,
		    "Line %d: the \"%s\" of event %zu would be JSON nested "
		    "deeper than %d.",
		    xmlSAX2GetLineNumber(r->parser), member_names[r->in],
		    r->body->n, JSON_DEPTH_MAX);
	m->is_json = true;
	return ERR_OK;
}

static enum err
end_member(struct reader *r)
{
	struct member *m = &r->members[r->in];
	enum err e = ERR_OK;

	buf_reset(&m->text);
	m->is_json = false;
	if (xml_tree_kind(&r->tree) == XML_OBJECT)
		e = keep_json(r, m);
	else
		buf_add_slice(&m->text, xml_tree_text(&r->tree));
	if (e == ERR_OK && buf_failed(&m->text))
		e = ERR_NO_MEMORY;
	r->in = MEMBER_NONE;
	return e;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_from(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static enum err
end_event(struct reader *r)
{
	const struct member *m = r->members;
	struct body_event ev = {.id = trim(buf_slice(&m[MEMBER_ID].text)),
	    .type = buf_slice(&m[MEMBER_TYPE].text),
	    .data = buf_slice(&m[MEMBER_DATA].text),
	    .metadata = buf_slice(&m[MEMBER_METADATA].text)};

	if (m[MEMBER_DATA].is_json)
		ev.flags |= EVENT_DATA_IS_JSON;
	if (m[MEMBER_METADATA].is_json)
		ev.flags |= EVENT_METADATA_IS_JSON;
	return body_add_event(r->body, &ev);
}

static void
on_end(void *arg, const xmlChar *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->e == ERR_OK && r->in != MEMBER_NONE)
		r->e = too_large(r, xml_tree_close(&r->tree));
	if (r->e != ERR_OK)
		return;
	if (r->depth == MEMBER_DEPTH && r->in != MEMBER_NONE)
		r->e = end_member(r);
	if (r->depth == EVENT_DEPTH)
		r->e = end_event(r);
	r->depth--;
}

static void
on_text(void *arg, const xmlChar *text, int n)
{
	struct reader *r = arg;

	if (r->e == ERR_OK && r->in != MEMBER_NONE)
		r->e = too_large(
		    r, xml_tree_add_text(&r->tree, slice(text, (size_t)n)));
}

static void
on_cdata(void *arg, const xmlChar *text, int n)
{
	struct reader *r = arg;

	if (r->e == ERR_OK && r->in != MEMBER_NONE)
		r->e = too_large(
		    r, xml_tree_add_cdata(&r->tree, slice(text, (size_t)n)));
}

/* xml_scan() lets none through; this is for what it may have overlooked. */
static void
on_document_type(void *arg, const xmlChar *name, const xmlChar *public_id,
    const xmlChar *system_id)
{
	struct reader *r = arg;

	(void)name;
	(void)public_id;
	(void)system_id;
	if (r->e == ERR_OK)
		r->e = body_refuse(r->body, "A document type is not taken.");
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
fault_text(const struct reader *r, const xmlError *fault)
{
	if (fault == NULL || fault->message == NULL)
		return "it is not well-formed";
	/* Beyond 10,000,000 bytes, for want of XML_PARSE_HUGE. */
	if (fault->code == XML_ERR_INTERNAL_ERROR)
		return "a tag, comment or section is too long";
	/* It speaks of extra content then, too. */
	if (fault->code == XML_ERR_DOCUMENT_END && r->depth > 0)
		return "it ends before its elements do";
	return fault->message;
}

static void
on_error(void *arg, const char *fmt, ...)
{
	struct reader *r = arg;
	const xmlError *fault = xmlCtxtGetLastError(r->parser);
	char message[120];

	(void)fmt;
	if (r->e != ERR_OK)
		return;
	if (fault != NULL && fault->code == XML_ERR_NO_MEMORY) {
		r->e = ERR_NO_MEMORY;
		return;
	}
	copy_message(message, sizeof(message), fault_text(r, fault));
	r->e = body_refuse(
	    r->body, "Line %d: %s.", xmlSAX2GetLineNumber(r->parser), message);
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
parse_part(struct reader *r, struct slice part)
{
	xmlParseChunk(r->parser, part.p, (int)part.n, 0);
	if (r->e == ERR_OK && xmlDictGetUsage(r->parser->dict) > MAX_NAME_BYTES)
		r->e = body_refuse(r->body,
		    "Line %d: too many different names of elements and "
		    "attributes; send fewer events at once.",
		    xmlSAX2GetLineNumber(r->parser));
}

static void
parse(struct reader *r, struct slice text)
{
	size_t n;

	for (; r->e == ERR_OK && text.n > 0; text = slice_from(text, n)) {
		n = part_of(text);
		parse_part(r, slice(text.p, n));
	}
	if (r->e == ERR_OK)
		xmlParseChunk(r->parser, NULL, 0, 1);
	if (r->e == ERR_OK && !r->parser->wellFormed)
		r->e = body_refuse(r->body, "It is not well-formed XML.");
	if (r->e == ERR_OK && r->body->n == 0)
		r->e = body_refuse(r->body,
		    "The root element must have an element for each event.");
}

/*
 * SAX 1 gives names with their prefixes, and looks for no namespaces, which
 * would take time in the square of those declared.  The structure must not
 * have SAX 2's mark: with it Debian's 2.9.14 calls only SAX 2's functions.
 */
static xmlParserCtxtPtr
parser_new(struct reader *r)
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
	xmlParserCtxtPtr p = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);

	if (p != NULL)
		xmlCtxtUseOptions(p, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	return p;
}

static void
reader_fini(struct reader *r)
{
	size_t i;

	for (i = 0; i < MEMBER_NONE; i++)
		buf_fini(&r->members[i].text);
	xml_tree_fini(&r->tree);
	xmlFreeParserCtxt(r->parser);
}

static struct slice
without_mark(struct slice text)
{
	return slice_starts(text, "\xef\xbb\xbf") ? slice_from(text, 3) : text;
}

void
xml_in_init(void)
{
	xmlInitParser();
}

enum err
xml_in_read_batch(struct body *b, struct slice text)
{
	struct reader r = {.body = b,
	    .in = MEMBER_NONE,
	    .tree = {.max_bytes = b->max_event_bytes}};
	struct xml_fault fault;

	text = without_mark(text);
	if (!xml_scan(text, &fault))
		return body_refuse(b, "Line %zu: %s.", fault.line, fault.why);
	if ((r.parser = parser_new(&r)) == NULL)
		return ERR_NO_MEMORY;
	parse(&r, text);
	reader_fini(&r);
	return r.e;
}
