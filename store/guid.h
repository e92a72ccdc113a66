/*
 * guid - 16 bytes that name an event.
 *
 * Layer: store, used everywhere.  The bytes stand in the order of the text.
 */
#ifndef STORE_GUID_H
#define STORE_GUID_H

#include <stdbool.h>

#include "store/slice.h"

#define GUID_TEXT_LEN 36

struct guid {
	unsigned char b[16];
};

/*
 * Read any of the forms .NET's Guid.Parse takes that occur in practice:
 * with hyphens or without, in braces or parentheses, any case.
 * False when text is none of them; *g is then untouched.
 */
bool guid_parse(struct guid *g, struct slice text);

/* Lower case with hyphens, NUL-terminated. */
void guid_print(char out[GUID_TEXT_LEN + 1], const struct guid *);

bool guid_is_zero(const struct guid *);
int guid_cmp(const struct guid *, const struct guid *);

/* A random one (RFC 9562, version 4). */
void guid_random(struct guid *);

/* The same one for the same name, always (RFC 9562, version 5). */
void guid_from_name(struct guid *, struct slice name);

#endif
