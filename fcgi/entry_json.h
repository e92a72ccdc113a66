/*
 * entry_json - an entry printed as JSON.
 *
 * Layer: fcgi.  Members and their order: contract 2.3 to 2.5.
 */
#ifndef FCGI_ENTRY_JSON_H
#define FCGI_ENTRY_JSON_H

#include "fcgi/entry.h"
#include "fcgi/json_out.h"
#include "fcgi/mould.h"

/* The entry itself, an object; with the mould of its feed, or NULL. */
void entry_json_print(struct json_out *, const struct entry *,
    const struct entry_style *, struct mould *);

/* The object of event+json. */
void entry_json_content(struct json_out *, const struct entry *);

/* Data as a value: itself if it is JSON, else as a string. */
void entry_json_data(struct json_out *, const struct event *);

#endif
