/*
 * json_string - what a string of JSON says, its escapes resolved.
 *
 * Layer: store, used everywhere.  Strings are those of json.h, accepted by
 * json_parse().  A lone \u surrogate says U+FFFD, \u0000 a NUL byte.
 */
#ifndef STORE_JSON_STRING_H
#define STORE_JSON_STRING_H

#include <stdbool.h>

#include "store/buf.h"
#include "store/slice.h"

/*
 * Add what it says, in UTF-8: at most as many bytes as text has.  text is a
 * JSON_STRING's, with its quotes.
 */
void json_unescape(struct buf *, struct slice text);

/*
 * Whether it says exactly these bytes, or the same in another case of the
 * ASCII letters.  No memory is needed: rights depend on it.  raw: what stands
 * between the quotes, as in a name of json_iter_member().
 */
bool json_says(struct slice raw, struct slice utf8);
bool json_says_in_any_case(struct slice raw, struct slice utf8);

static inline bool
json_name_is(struct slice raw_name, const char *in_any_case)
{
	return json_says_in_any_case(raw_name, slice_str(in_any_case));
}

#endif
