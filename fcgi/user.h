/*
 * user - accounts, as they stand in the store.
 *
 * Layer: fcgi.  An account is the newest event of $user-<login>: a JSON
 * object with loginName, fullName, password (a crypt(5) hash), groups, and
 * disabled when it is.
 */
#ifndef FCGI_USER_H
#define FCGI_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "store/err.h"
#include "store/slice.h"

#define USER_MAX_LOGIN    200 /* bytes */
#define USER_MAX_PASSWORD 500 /* bytes */
#define USER_ADMIN        "admin"
#define USER_ADMINS       "$admins"

struct store;
struct user;

/*
 * The account of a login.  ERR_NO_STREAM: there is none, or it is disabled.
 * ERR_CORRUPT: its event is no account.  Else what stream_run() returns.
 */
enum err user_read(struct user **, struct store *, struct slice login);
void user_free(struct user **);

/*
 * Whether this is the user's password.  Takes milliseconds.  With NULL for
 * the user it takes as long, and is false.
 */
bool user_has_password(const struct user *, struct slice password);

/* Whether the role is the login or one of the groups, in any case. */
bool user_has_role(const struct user *, struct slice role);

/*
 * A new hash of a password.  ERR_IO: libcrypt or the random source failed.
 */
#define USER_HASH_SIZE 384
enum err user_hash(char out[USER_HASH_SIZE], struct slice password);

#endif
