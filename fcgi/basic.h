/*
 * basic - a login and its password in an Authorization header.
 *
 * Layer: fcgi.  RFC 7617, and Base64 as RFC 4648 has it: padded, with no bit
 * left over; blanks between its letters are passed over.
 */
#ifndef FCGI_BASIC_H
#define FCGI_BASIC_H

#include <nettle/base64.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/account.h"
#include "store/slice.h"

/* "login:password", which is at most so long. */
#define BASIC_MAX (ACCOUNT_MAX_LOGIN + 1 + ACCOUNT_MAX_PASSWORD)

struct basic {
	struct slice login; /* both in text */
	struct slice password;
	uint8_t text[BASE64_DECODE_LENGTH(4 * (BASIC_MAX / 3 + 2)) + 4];
};

/* False: it is malformed, too long, or another scheme. */
bool basic_parse(struct basic *, struct slice header);

/* Leave nothing of it in memory, whatever basic_parse() said. */
void basic_wipe(struct basic *);

#endif
