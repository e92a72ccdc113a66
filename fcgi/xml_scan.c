#include "config.h"

#include <string.h>
#include <strings.h>

#include "fcgi/xml_scan.h"
#include "store/json.h"

#define STR(x)        #x
#define NUMBER_STR(x) STR(x)

struct scan {
	const char *p, *end;
	const char *why;
};

static struct slice
rest(const struct scan *s)
{
	return slice(s->p, (size_t)(s->end - s->p));
}

/* Go behind the next mark; to the end if there is none. */
static void
skip_past(struct scan *s, const char *mark)
{
	struct slice r = rest(s);
	const char *found = memmem(r.p, r.n, mark, strlen(mark));

	s->p = found == NULL ? s->end : found + strlen(mark);
}

static void
skip_quoted(struct scan *s, char quote)
{
	const char mark[] = {quote, '\0'};

	skip_past(s, mark);
}

static bool
fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

/* From behind the < to behind the >.  An attribute has a = of its own. */
static bool
scan_tag(struct scan *s)
{
	size_t attributes = 0;
	char c;

	while (s->p < s->end) {
		c = *s->p++;
		if (c == '>')
			return true;
		if (c == '<')
			return fail(s, "a tag is not closed before the next <");
		if (c == '"' || c == '\'')
			skip_quoted(s, c);
		else if (c == '=' && ++attributes > XML_SCAN_MAX_ATTRIBUTES)
			return fail(
			    s, "an element may have at most " NUMBER_STR(
				   XML_SCAN_MAX_ATTRIBUTES) " attributes");
	}
	return true;
}

static bool
scan_markup(struct scan *s)
{
	struct slice r = rest(s);

	if (slice_starts(r, "<!--")) {
		s->p += 4;
		skip_past(s, "-->");
	} else if (slice_starts(r, "<![CDATA[")) {
		skip_past(s, "]]>");
	} else if (slice_starts(r, "<!")) {
		return fail(s, "a document type is not taken; leave it out");
	} else if (slice_starts(r, "<?")) {
		skip_past(s, "?>");
	} else {
		s->p++;
		return scan_tag(s);
	}
	return true;
}

static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) != NULL)
		s->p++;
}

/* The parser would call what is JSON an empty document. */
static bool
scan_start(struct scan *s)
{
	struct scan start = *s;

	skip_blanks(&start);
	if (slice_starts(rest(&start), "<"))
		return true;
	return fail(s, "XML starts with <");
}

/*
 * <?xml version="1.0" encoding="utf-8"?> is for the parser to check; here
 * only the name matters, which may stand in either kind of quotes.
 */
static bool
scan_declaration(struct scan *s)
{
	struct scan decl = *s, name;

	if (!slice_starts(rest(s), "<?xml"))
		return true;
	skip_past(&decl, "?>");
	name = (struct scan){s->p, decl.p, NULL};
	skip_past(&name, "encoding");
	skip_blanks(&name);
	if (slice_starts(rest(&name), "="))
		name.p++;
	skip_blanks(&name);
	if (name.p == name.end ||
	    (rest(&name).n > 6 && strncasecmp(name.p + 1, "utf-8", 5) == 0 &&
		name.p[6] == name.p[0]))
		return true;
	return fail(s, "its encoding must be UTF-8");
}

/* Line by line, to know where; no character goes over a line's end. */
static bool
scan_bytes(struct scan *s)
{
	struct scan line = *s;
	struct slice r;

	while (line.p < line.end) {
		s->p = line.p;
		skip_past(&line, "\n");
		r = slice(s->p, (size_t)(line.p - s->p));
		if (memchr(r.p, '\0', r.n) != NULL)
			return fail(s, "it has a NUL byte");
		if (!json_utf8_valid(r))
			return fail(s, "it is not UTF-8");
	}
	return true;
}

static bool
scan_text(struct scan *s)
{
	const char *start = s->p, *markup;

	if (!scan_bytes(s))
		return false;
	s->p = start;
	if (!scan_start(s) || !scan_declaration(s))
		return false;
	while ((markup = memchr(s->p, '<', rest(s).n)) != NULL) {
		s->p = markup;
		if (!scan_markup(s))
			return false;
	}
	return true;
}

bool
xml_scan(struct slice text, struct xml_fault *fault)
{
	const char *p = text.n == 0 ? "" : text.p;
	struct scan s = {p, p + text.n, NULL};

	if (scan_text(&s))
		return true;
	fault->why = s.why;
	fault->line = 1;
	for (; p < s.p; p++)
		fault->line += *p == '\n';
	return false;
}
