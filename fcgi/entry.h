/*
 * entry - what an entry of a feed shows of an event, in whatever form.
 *
 * Layer: fcgi.  Shapes: contract 2.3 to 2.6.
 */
#ifndef FCGI_ENTRY_H
#define FCGI_ENTRY_H

#include <stdbool.h>

#include "store/buf.h"
#include "store/clock.h"
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

/* The event that an entry shows: the target of a resolved link. */
const struct event *entry_subject(const struct entry *);
struct slice entry_subject_stream(const struct entry *);

/* What an entry names: itself, or a link's target, resolved or not. */
struct entry_place {
	struct slice stream;
	int64_t number;
};
struct entry_place entry_place(const struct entry *);

/*
 * The beginning of its address, up to the number; of characters that need no
 * escapes but for XML's &.
 */
void entry_add_url(
    struct buf *, struct slice stream, const struct entry_style *);

/* What of an entry differs from that of another of its stream. */
enum entry_part {
	ENTRY_NUMBER,
	ENTRY_UPDATED,
	ENTRY_SUMMARY /* may need escapes, the others do not */
};

struct entry_parts {
	struct slice text[ENTRY_SUMMARY + 1];
	char number[BUF_INT_SIZE], updated[CLOCK_TEXT_SIZE];
};

/* They point into themselves, and to the entry. */
void entry_parts_print(struct entry_parts *, const struct entry *);

/* Whether the entry holds the event itself. */
bool entry_has_content(const struct entry *, const struct entry_style *);

/*
 * Whether data or metadata stands as a value rather than as text.  In an
 * event that counts as JSON, a part that was sent as a string may still say
 * JSON (contract 2.4).
 */
bool entry_data_is_json(const struct event *);
bool entry_metadata_is_json(const struct event *);

#endif
