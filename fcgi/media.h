/*
 * media - the content types that Rill speaks, and the choice among them.
 *
 * Layer: fcgi, without FastCGI: header values in, a type out (contract 0.0,
 * 0.3 and 0.4).  A type answers to two names where KurrentDB renamed it:
 * application/vnd.kurrent.* is application/vnd.eventstore.*.
 */
#ifndef FCGI_MEDIA_H
#define FCGI_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "store/slice.h"

struct buf;

enum media {
	MEDIA_NONE = 0,
	MEDIA_STREAMDESC_JSON, /* never chosen by a wildcard */
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
	MEDIA_HTML,
	MEDIA_TEXT,
	MEDIA_COMPETING_XML,
	MEDIA_COMPETING_JSON
};

/* The types a route takes or gives. */
struct media_list {
	const enum media *types; /* the preferred first */
	size_t n;
	enum media any; /* one of types: for no Accept, or when any type wins */
};

extern const struct media_list media_feed;         /* feed GETs */
extern const struct media_list media_event;        /* event and metadata GETs */
extern const struct media_list media_atom;         /* stream POST and DELETE */
extern const struct media_list media_atom_nobatch; /* POST .../incoming/{id} */
extern const struct media_list media_info;         /* /info, /ping */
extern const struct media_list media_gossip;       /* /gossip */
extern const struct media_list media_stats;        /* /stats */
extern const struct media_list media_jx;   /* users, subscription admin */
extern const struct media_list media_json; /* and nothing else */

struct media_choice {
	enum media type;
	bool kurrent; /* asked for under its kurrent name */
};

/*
 * The names of its types, for a sentence: "a, b or c".  Without that of the
 * description document, which is of use to nobody who did not look for it.
 */
void media_list_print(struct buf *, const struct media_list *);

/*
 * Choose what to answer with.  format is the query parameter's value and
 * beats accept, the Accept header; either may be empty, which is none.
 * The best q wins, then the more specific item, then the list's order; an
 * item that cannot be read is skipped, as are those behind the 32nd, and
 * q=0 excludes.  False, *out untouched, when nothing offered will do: 406.
 */
bool media_of_response(const struct media_list *, struct slice accept,
    struct slice format, struct media_choice *out);

/*
 * The type of a body by its Content-Type.  MEDIA_NONE when that is empty,
 * not on the list, or has a charset other than UTF-8 (for octet-stream:
 * any charset): 415.
 */
enum media media_of_request(
    const struct media_list *, struct slice content_type);

/* Whether it is one of the XML types of events and feeds. */
bool media_is_xml(enum media);

/* The name as it was asked for, static; the type is not MEDIA_NONE. */
const char *media_name(struct media_choice);

/* Likewise, with "; charset=utf-8" but for octet-stream. */
const char *media_content_type(struct media_choice);

#endif
