/*
 * credentials - logins and passwords that were checked a short time ago.
 *
 * Layer: fcgi.  A full check takes milliseconds on purpose; what came of it
 * is remembered here, the wrong ones too, so that a client that repeats them
 * costs one check.  A password is kept as a hash whose key is random and
 * the process's own, in memory that is in no core file.
 *
 * A memory says which event of the account it was checked against: whoever
 * finds one asks the store whether that is still what counts, so a change is
 * felt at once everywhere.
 */
#ifndef FCGI_CREDENTIALS_H
#define FCGI_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/account.h"
#include "store/slice.h"

#define CREDENTIALS_GOOD_MS (5 * 60 * 1000) /* since it was last used */
#define CREDENTIALS_BAD_MS  (60 * 1000)     /* since it was checked */
#define CREDENTIALS_MAX     1024            /* of each kind */

struct credentials;
struct identity;

/* What stands for a login and a password together. */
struct credential {
	unsigned char digest[32];
};

struct credential_memory {
	struct account_mark mark;
	struct identity *who; /* NULL: the password was wrong */
};

struct credentials *credentials_new(void);

/* Wipes everything. */
void credentials_free(struct credentials **);

void credentials_digest(const struct credentials *, struct slice login,
    struct slice password, struct credential *);

/*
 * What is known at this time, in ms.  True: the caller frees memory->who.
 * Those that time or room made it forget are not known.
 */
bool credentials_find(struct credentials *, const struct credential *,
    int64_t now, struct credential_memory *memory);

/* Keeps a reference of its own to memory->who. */
void credentials_remember(struct credentials *, const struct credential *,
    int64_t now, const struct credential_memory *memory);

void credentials_forget(struct credentials *, const struct credential *);

#endif
