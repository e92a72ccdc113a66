/*
 * account - accounts as they stand in the store, and their passwords.
 *
 * Layer: store.  An account is the newest event of $user-<login>: a JSON
 * object with loginName, fullName, password (a crypt(5) hash), groups, and
 * disabled when it is (contract 4 with 0.0).
 *
 * Who uses this links libcrypt.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"

#define ACCOUNT_STREAM       "$user-"
#define ACCOUNT_MAX_LOGIN    200 /* bytes */
#define ACCOUNT_MAX_PASSWORD 500 /* bytes */
#define ACCOUNT_MAX_STREAM   (sizeof(ACCOUNT_STREAM) - 1 + ACCOUNT_MAX_LOGIN)
#define ACCOUNT_HASH_SIZE    384 /* with the NUL */
#define ACCOUNT_ADMIN        "admin"

/* The work one hash costs: crypt(5)'s count for yescrypt. */
#define ACCOUNT_MIN_COST     1
#define ACCOUNT_MAX_COST     11
#define ACCOUNT_DEFAULT_COST 5

struct event;
struct identity;
struct store;
struct txn;

/* Which event says what an account is. */
struct account_mark {
	uint64_t stream_id;
	int64_t number;  /* EVENT_NUMBER_NONE: there is no account */
	int64_t updated; /* ticks, see clock.h */
	int64_t since;   /* see env.h: events before may be gone */
};

struct account {
	struct slice login;
	struct slice full_name;     /* p NULL: it has none */
	struct slice hash;          /* a NUL stands behind it */
	const struct slice *groups; /* NULL: none were given */
	size_t ngroups;
	bool is_disabled;
	struct account_mark mark;
};

/* The name of an account's stream, in out; the login is short enough. */
struct slice account_stream(char out[ACCOUNT_MAX_STREAM], struct slice login);

/*
 * The account of a login, be it disabled or not; free it with
 * account_free(), which clears the pointer and accepts NULL inside.
 * ERR_NO_STREAM: there is none.  ERR_CORRUPT: its event is no account, or
 * another login's.  Else what stream_run() returns.
 */
enum err account_read(struct account **, struct store *, struct slice login);
void account_free(struct account **);

/* The same inside a transaction. */
enum err account_lookup(struct txn *, struct slice login, struct account **);

/*
 * Whether the mark still says what the account of a login is: its newest
 * event is the same, or there still is none.  ERR_WRONG_VERSION: it changed.
 * Else what stream_run() returns.
 */
enum err account_is_current(
    struct store *, struct slice login, const struct account_mark *);

/*
 * Read an event; mark.stream_id is 0.  ERR_CORRUPT: it is no account, or
 * another login's.
 */
enum err account_parse(
    struct account **, struct slice login, const struct event *);

/* The event's data: JSON, indented as in the reference. */
void account_print(struct buf *, const struct account *);

/*
 * Write a changed account, as $UserUpdated behind the event it was read
 * from: a shallow copy of what account_read() gave, with other members, will
 * do.  The server is who writes.
 * ERR_WRONG_VERSION: it was changed meanwhile.  ERR_DELETED: it was deleted.
 * Else as stream_append().
 */
enum err account_update(struct store *, const struct account *changed);

/*
 * Who logs in with it.  ERR_TOO_LARGE: its groups are beyond what an
 * identity may have.
 */
enum err account_identity(const struct account *, struct identity **);

/*
 * Whether this is the account's password.  Takes milliseconds.  With NULL it
 * takes as long as for an account whose hash cost as much as cost says, and
 * is false.  Says nothing of whether the account is disabled.
 */
bool account_has_password(
    const struct account *, struct slice password, unsigned int cost);

/*
 * A new yescrypt hash.  ERR_INVALID: that is no password.  ERR_IO:
 * libcrypt or the random source failed.
 */
enum err account_hash(
    char out[ACCOUNT_HASH_SIZE], struct slice password, unsigned int cost);

/* Whether a hash is of another kind or cost than account_hash() makes. */
bool account_hash_is_old(struct slice hash, unsigned int cost);

/* Whether a text may be a password: at most so long, and without NUL. */
bool account_password_is_valid(struct slice);

#endif
