/*
 * identity - who asks: a login and groups that somebody has checked.
 *
 * Layer: store, used everywhere.  An identity never changes; whoever keeps
 * one holds a reference.  NULL is anybody, without credentials.
 *
 * Roles are the login and the groups.  They are compared in any case of the
 * ASCII letters (contract 0.6).
 */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"

#define IDENTITY_MAX_SIZE 8192 /* bytes, encoded */

/* The group that may do what the lists say nobody may. */
#define IDENTITY_ADMINS "$admins"
/* The group that looks after the server. */
#define IDENTITY_OPS "$ops"

struct identity;

/* What an identity is made of; the slices are copied. */
struct identity_parts {
	struct slice login;
	const struct slice *groups;
	size_t ngroups;
};

/*
 * ERR_INVALID: the login is empty.  ERR_TOO_LARGE: beyond IDENTITY_MAX_SIZE.
 * Groups that are empty are left out.
 */
enum err identity_new(struct identity **, const struct identity_parts *);

/* One more reference; NULL for NULL. */
struct identity *identity_keep(const struct identity *);

/* Gives a reference back and clears the pointer; accepts NULL inside. */
void identity_free(struct identity **);

/* The server itself, for what it writes of its own.  Borrowed, for ever. */
const struct identity *identity_server(void);
bool identity_is_server(const struct identity *);

/* The login; empty for the server and for NULL. */
struct slice identity_login(const struct identity *);

/* The ith role, the login being role 0.  False: there are not so many. */
bool identity_role(const struct identity *, size_t i, struct slice *role);

/* Whether it has the role.  False for NULL and the server. */
bool identity_has_role(const struct identity *, struct slice role);

/*
 * For a message to another node: at most IDENTITY_MAX_SIZE bytes, one of the
 * kind, then for each role its length (2, big-endian) and its bytes.
 */
void identity_encode(struct buf *, const struct identity *);

/* ERR_CORRUPT: no identity_encode() made it.  *out may become NULL. */
enum err identity_decode(struct identity **out, struct slice);

#endif
