/*
 * entry - one event as a feed's entry, and as a document of its own.
 *
 * Layer: fcgi.  Shapes: contract 2.3 to 2.5.
 */
#ifndef FCGI_ENTRY_H
#define FCGI_ENTRY_H

#include <stdbool.h>

#include "fcgi/json_out.h"
#include "store/page.h"

/* In ascending order of how much is shown. */
enum embed {
	EMBED_NONE,
	EMBED_CONTENT,
	EMBED_RICH,
	EMBED_BODY,
	EMBED_PRETTY,
	EMBED_TRYHARDER
};

/* EMBED_NONE for what is unknown. */
enum embed embed_parse(struct slice);

struct entry_style {
	struct slice base;   /* what links begin with */
	struct slice stream; /* a stream, and its address, already escaped: */
	struct slice url;    /* most entries of a feed are of one stream */
	enum embed embed;
	bool is_document; /* not in a feed */
};

/* A JSON object. */
void entry_print_json(
    struct json_out *, const struct entry *, const struct entry_style *);

/* The event that an entry shows: the target of a resolved link. */
const struct event *entry_subject(const struct entry *);
struct slice entry_subject_stream(const struct entry *);

/* The object of event+json. */
void entry_print_content(struct json_out *, const struct entry *);

/* Data as a JSON value: itself if it is JSON, else as a string. */
void entry_print_data(struct json_out *, const struct event *);

#endif
