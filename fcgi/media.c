#include "config.h"

#include <assert.h>
#include <strings.h>

#include "fcgi/media.h"
#include "fcgi/header.h"
#include "store/buf.h"

#define COUNT(a)   (sizeof(a) / sizeof(*(a)))
#define RANGES_MAX 32
#define Q_ONE      1000

#define CHARSET "; charset=utf-8"

/* The columns of names[]. */
#define PLAIN(s) s, s CHARSET, NULL, NULL
#define VENDOR(s)                                    \
	"application/vnd.eventstore." s,             \
	    "application/vnd.eventstore." s CHARSET, \
	    "application/vnd.kurrent." s, "application/vnd.kurrent." s CHARSET

static const struct {
	const char *name;
	const char *full;    /* with its charset */
	const char *kurrent; /* NULL where there is none */
	const char *kurrent_full;
} names[] = {
    [MEDIA_STREAMDESC_JSON] = {VENDOR("streamdesc+json")},
    [MEDIA_ATOM_XML] = {PLAIN("application/atom+xml")},
    [MEDIA_ATOM_JSON] = {VENDOR("atom+json")},
    [MEDIA_TEXT_XML] = {PLAIN("text/xml")},
    [MEDIA_XML] = {PLAIN("application/xml")},
    [MEDIA_JSON] = {PLAIN("application/json")},
    [MEDIA_EVENT_XML] = {VENDOR("event+xml")},
    [MEDIA_EVENT_JSON] = {VENDOR("event+json")},
    [MEDIA_EVENTS_XML] = {VENDOR("events+xml")},
    [MEDIA_EVENTS_JSON] = {VENDOR("events+json")},
    [MEDIA_OCTETS] = {"application/octet-stream", "application/octet-stream",
	NULL, NULL},
    [MEDIA_HTML] = {PLAIN("text/html")},
    [MEDIA_TEXT] = {PLAIN("text/plain")},
    [MEDIA_COMPETING_XML] = {VENDOR("competingatom+xml")},
    [MEDIA_COMPETING_JSON] = {VENDOR("competingatom+json")},
};

static const struct {
	const char *value;
	enum media type;
} formats[] = {
    {"json", MEDIA_JSON},
    {"text", MEDIA_TEXT},
    {"xml", MEDIA_TEXT_XML},
    {"atom", MEDIA_ATOM_XML},
    {"atomxj", MEDIA_ATOM_JSON},
};

static const enum media feed_types[] = {
    MEDIA_STREAMDESC_JSON,
    MEDIA_ATOM_XML,
    MEDIA_ATOM_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_JSON,
    MEDIA_EVENT_XML,
    MEDIA_EVENT_JSON,
    MEDIA_EVENTS_XML,
    MEDIA_EVENTS_JSON,
    MEDIA_HTML,
};

static const enum media event_types[] = {
    MEDIA_ATOM_XML,
    MEDIA_ATOM_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_JSON,
    MEDIA_EVENT_XML,
    MEDIA_EVENT_JSON,
    MEDIA_OCTETS,
    MEDIA_HTML,
};

static const enum media atom_types[] = {
    MEDIA_STREAMDESC_JSON,
    MEDIA_ATOM_XML,
    MEDIA_ATOM_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_JSON,
    MEDIA_EVENT_XML,
    MEDIA_EVENT_JSON,
    MEDIA_EVENTS_XML,
    MEDIA_EVENTS_JSON,
    MEDIA_OCTETS,
};

static const enum media atom_nobatch_types[] = {
    MEDIA_ATOM_XML,
    MEDIA_ATOM_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_JSON,
};

static const enum media info_types[] = {
    MEDIA_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
    MEDIA_TEXT,
};

static const enum media stats_types[] = {
    MEDIA_JSON,
    MEDIA_TEXT_XML,
    MEDIA_XML,
};

static const enum media gossip_types[] = {
    MEDIA_JSON,
    MEDIA_XML,
    MEDIA_TEXT_XML,
    MEDIA_TEXT,
};

static const enum media jx_types[] = {
    MEDIA_JSON,
    MEDIA_TEXT_XML,
};

static const enum media json_types[] = {
    MEDIA_JSON,
};

const struct media_list media_feed = {
    feed_types, COUNT(feed_types), MEDIA_ATOM_JSON};
const struct media_list media_event = {
    event_types, COUNT(event_types), MEDIA_ATOM_JSON};
const struct media_list media_atom = {
    atom_types, COUNT(atom_types), MEDIA_ATOM_JSON};
const struct media_list media_atom_nobatch = {
    atom_nobatch_types, COUNT(atom_nobatch_types), MEDIA_ATOM_JSON};
const struct media_list media_info = {
    info_types, COUNT(info_types), MEDIA_JSON};
const struct media_list media_stats = {
    stats_types, COUNT(stats_types), MEDIA_JSON};
const struct media_list media_gossip = {
    gossip_types, COUNT(gossip_types), MEDIA_JSON};
const struct media_list media_jx = {jx_types, COUNT(jx_types), MEDIA_JSON};
const struct media_list media_json = {
    json_types, COUNT(json_types), MEDIA_JSON};

/* How closely an item of Accept names a type, the closest last. */
enum fit { FIT_NONE, FIT_ANY, FIT_MAIN, FIT_EXACT };

/* One item of Accept. */
struct range {
	struct slice name; /* main/sub, "*" in either place */
	size_t main_len;   /* of main and its slash */
	unsigned q;        /* thousandths */
};

struct accept {
	struct range ranges[RANGES_MAX];
	size_t n;
};

struct rank {
	unsigned q;
	enum fit fit;
};

bool
media_is_xml(enum media m)
{
	return m == MEDIA_ATOM_XML || m == MEDIA_TEXT_XML || m == MEDIA_XML ||
	       m == MEDIA_EVENT_XML || m == MEDIA_EVENTS_XML;
}

static bool
is_renamed(struct media_choice c)
{
	assert(c.type > MEDIA_NONE && c.type < COUNT(names));
	return c.kurrent && names[c.type].kurrent != NULL;
}

const char *
media_name(struct media_choice c)
{
	return is_renamed(c) ? names[c.type].kurrent : names[c.type].name;
}

const char *
media_content_type(struct media_choice c)
{
	return is_renamed(c) ? names[c.type].kurrent_full : names[c.type].full;
}

void
media_list_print(struct buf *b, const struct media_list *list)
{
	bool is_first = true;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->types[i] == MEDIA_STREAMDESC_JSON)
			continue;
		if (!is_first)
			buf_add_str(b, i + 1 < list->n ? ", " : " or ");
		buf_add_str(b, names[list->types[i]].name);
		is_first = false;
	}
}

/* The length of s up to sep, or all of it; in a quoted string sep is text. */
static size_t
part_len(struct slice s, char sep)
{
	bool is_quoted = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		else if (!is_quoted && s.p[i] == sep)
			break;
	}
	return i;
}

/* Take the part up to sep off *rest, trimmed; false when *rest is empty. */
static bool
part_next(struct slice *rest, char sep, struct slice *part)
{
	size_t n;

	if (rest->n == 0)
		return false;
	n = part_len(*rest, sep);
	*part = header_trim(slice(rest->p, n));
	*rest = slice_from(*rest, n + (n < rest->n));
	return true;
}

/* Java sends "q=.2", others more digits than the three of RFC 9110. */
static bool
weight_read(unsigned *q, struct slice s)
{
	unsigned v = 0, unit = Q_ONE / 10;
	size_t i = 0;

	if (s.n == 0 || slice_is(s, "."))
		return false;
	if (s.p[0] == '0' || s.p[0] == '1')
		v = (unsigned)(s.p[i++] - '0') * Q_ONE;
	if (i < s.n && s.p[i++] != '.')
		return false;
	for (; i < s.n; i++, unit /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v += (unsigned)(s.p[i] - '0') * unit;
	}
	*q = v;
	return v <= Q_ONE;
}

static bool
range_name_read(struct range *r, struct slice name)
{
	const char *slash = name.n == 0 ? NULL : memchr(name.p, '/', name.n);

	if (slash == NULL)
		return false;
	r->name = name;
	r->main_len = (size_t)(slash - name.p) + 1;
	return r->main_len > 1 && r->main_len < name.n;
}

static bool
range_read(struct range *r, struct slice item)
{
	struct slice part;

	r->q = Q_ONE;
	if (!part_next(&item, ';', &part) || !range_name_read(r, part))
		return false;
	while (part_next(&item, ';', &part))
		if (header_starts(part, "q="))
			return weight_read(&r->q, slice_from(part, 2));
	return true;
}

static void
accept_read(struct accept *a, struct slice value)
{
	struct slice item;
	size_t looked_at;

	a->n = 0;
	for (looked_at = 0; looked_at < RANGES_MAX; looked_at++) {
		if (!part_next(&value, ',', &item))
			return;
		if (range_read(&a->ranges[a->n], item))
			a->n++;
	}
}

static enum fit
range_fit(const struct range *r, struct media_choice c)
{
	const char *name = media_name(c);

	if (header_is(r->name, name))
		return FIT_EXACT;
	if (c.kurrent || c.type == MEDIA_STREAMDESC_JSON)
		return FIT_NONE;
	if (slice_is(slice(r->name.p, r->main_len), "*/"))
		return FIT_ANY;
	if (slice_is(slice_from(r->name, r->main_len), "*") &&
	    strncasecmp(r->name.p, name, r->main_len) == 0)
		return FIT_MAIN;
	return FIT_NONE;
}

/* By the item that names c most closely; no such item: a q of 0. */
static struct rank
rank_of(const struct accept *a, struct media_choice c)
{
	struct rank best = {0, FIT_NONE};
	enum fit fit;
	size_t i;

	for (i = 0; i < a->n; i++) {
		fit = range_fit(&a->ranges[i], c);
		if (fit < best.fit || fit == FIT_NONE)
			continue;
		if (fit > best.fit || a->ranges[i].q > best.q)
			best = (struct rank){a->ranges[i].q, fit};
	}
	return best;
}

static bool
rank_beats(struct rank a, struct rank b)
{
	return a.q > b.q || (a.q == b.q && a.q > 0 && a.fit > b.fit);
}

/* c becomes *best when it ranks above it. */
static void
choice_offer(const struct accept *a, struct media_choice c,
    struct media_choice *best, struct rank *rank)
{
	struct rank r = rank_of(a, c);

	if (!rank_beats(r, *rank))
		return;
	*rank = r;
	*best = c;
}

static bool
accept_choose(const struct accept *a, const struct media_list *list,
    struct media_choice *out)
{
	struct media_choice best = {list->any, false};
	struct rank rank = rank_of(a, best);
	size_t i;

	/* Ahead of the list's order only where any type will do. */
	if (rank.fit != FIT_ANY)
		rank = (struct rank){0, FIT_NONE};
	for (i = 0; i < list->n; i++) {
		struct media_choice usual = {list->types[i], false};
		struct media_choice kurrent = {list->types[i], true};

		choice_offer(a, usual, &best, &rank);
		choice_offer(a, kurrent, &best, &rank);
	}
	if (rank.q == 0)
		return false;
	*out = best;
	return true;
}

static bool
list_has(const struct media_list *list, enum media type)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->types[i] == type)
			return true;
	return false;
}

static bool
format_choose(const struct media_list *list, struct slice format,
    struct media_choice *out)
{
	size_t i;

	for (i = 0; i < COUNT(formats); i++) {
		if (!header_is(format, formats[i].value))
			continue;
		if (!list_has(list, formats[i].type))
			return false;
		*out = (struct media_choice){formats[i].type, false};
		return true;
	}
	return false;
}

bool
media_of_response(const struct media_list *list, struct slice accept,
    struct slice format, struct media_choice *out)
{
	struct accept a;

	if (format.n > 0)
		return format_choose(list, format, out);
	accept = header_trim(accept);
	if (accept.n == 0) {
		*out = (struct media_choice){list->any, false};
		return true;
	}
	accept_read(&a, accept);
	return accept_choose(&a, list, out);
}

/* "charset: utf-8", as the texts of 2013 spell it, is no charset at all. */
static bool
charset_fits(struct slice param, enum media type)
{
	struct slice value;

	if (!header_starts(param, "charset="))
		return true;
	value = slice_from(param, strlen("charset="));
	return type != MEDIA_OCTETS &&
	       (header_is(value, "utf-8") || header_is(value, "\"utf-8\""));
}

enum media
media_of_request(const struct media_list *list, struct slice content_type)
{
	struct slice name, param;
	enum media type = MEDIA_NONE;
	size_t i;

	if (!part_next(&content_type, ';', &name))
		return MEDIA_NONE;
	for (i = 0; i < list->n && type == MEDIA_NONE; i++) {
		struct media_choice usual = {list->types[i], false};
		struct media_choice kurrent = {list->types[i], true};

		if (header_is(name, media_name(usual)) ||
		    header_is(name, media_name(kurrent)))
			type = list->types[i];
	}
	while (part_next(&content_type, ';', &param))
		if (!charset_fits(param, type))
			return MEDIA_NONE;
	return type;
}
