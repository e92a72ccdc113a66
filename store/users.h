/*
 * users - accounts made, changed, disabled and deleted (contract 4).
 *
 * Layer: store.  Who asks has been checked by the caller.  An account is a
 * stream of its own, $user-<login>; $users has an event for each login that
 * ever was, and $users-password-notifications one for each time that a
 * checked password must be forgotten.  What was cut short is completed by
 * doing it again.
 *
 * Who uses this links libcrypt.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/err.h"
#include "store/slice.h"

#define USERS_MAX_FULL_NAME 1000 /* bytes */
#define USERS_MAX_GROUPS    256
#define USERS_WHY_SIZE      200

struct account;
struct store;

struct users {
	struct store *store;
	unsigned int cost; /* of a password's hash, see account.h */
};

/* What an account is to be; all UTF-8. */
struct user_wish {
	struct slice login;
	struct slice full_name;     /* p NULL: none */
	const struct slice *groups; /* NULL: none */
	size_t ngroups;
	struct slice password;
};

/*
 * Whether it is within the limits: the login alone, the password alone, or
 * full name and groups with the login.  False: why is a sentence.
 */
bool users_login_fits(struct slice, char why[USERS_WHY_SIZE]);
bool users_password_fits(struct slice, char why[USERS_WHY_SIZE]);
bool users_details_fit(const struct user_wish *, char why[USERS_WHY_SIZE]);

/*
 * All of these return what stream_run() and stream_append() return, and
 * ERR_BUSY when others change the account all the time.  Those that change
 * one: ERR_NO_STREAM, there is none.
 */

/*
 * Make an account; what it is to be fits.  ERR_TAKEN: there is one with
 * another password; with the same one, this is a repeat and nothing changes.
 * ERR_DELETED: its stream was deleted for good.
 */
enum err users_create(const struct users *, const struct user_wish *);

/* Give an account another full name and other groups. */
enum err users_update(const struct users *, const struct user_wish *);

enum err users_disable(const struct users *, struct slice login);
enum err users_enable(const struct users *, struct slice login);

/* A soft deletion: the login can be used again. */
enum err users_delete(const struct users *, struct slice login);

enum err users_reset_password(
    const struct users *, struct slice login, struct slice password);

/*
 * For whoever knows the current password.  Within a minute after a change,
 * knowing the wanted one is enough if it is the account's already: the answer
 * to the change may have been lost.  ERR_DENIED: neither is so, or the account
 * is disabled.  An unknown login takes as long.
 */
struct users_passwords {
	struct slice current, wanted;
};
enum err users_change_password(
    const struct users *, struct slice login, const struct users_passwords *);

#endif
