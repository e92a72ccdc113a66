#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

#include "store/alloc.h"
#include "store/identity.h"

#define KIND_ANYBODY 0
#define KIND_USER    1
#define KIND_SERVER  2

#define LENGTH_SIZE 2

struct identity {
	atomic_uint references;
	size_t n;
	unsigned char roles[]; /* as they are encoded */
};

/* It has no roles; access knows it by its address. */
static const struct identity server = {.n = 0};

static struct identity *
allocate(size_t n)
{
	struct identity *id = xmalloc(sizeof(*id) + n);

	atomic_init(&id->references, 1);
	id->n = n;
	return id;
}

static unsigned char *
put_role(unsigned char *p, struct slice role)
{
	p[0] = (unsigned char)(role.n >> 8);
	p[1] = (unsigned char)role.n;
	memcpy(p + LENGTH_SIZE, role.p, role.n);
	return p + LENGTH_SIZE + role.n;
}

enum err
identity_new(struct identity **out, const struct identity_parts *parts)
{
	size_t i, n = 1 + LENGTH_SIZE + parts->login.n;
	struct identity *id;
	unsigned char *p;

	if (parts->login.n == 0)
		return ERR_INVALID;
	for (i = 0; i < parts->ngroups && n <= IDENTITY_MAX_SIZE; i++)
		n += LENGTH_SIZE + parts->groups[i].n;
	if (n > IDENTITY_MAX_SIZE)
		return ERR_TOO_LARGE;
	id = allocate(n - 1);
	p = put_role(id->roles, parts->login);
	for (i = 0; i < parts->ngroups; i++)
		if (parts->groups[i].n > 0)
			p = put_role(p, parts->groups[i]);
	id->n = (size_t)(p - id->roles);
	*out = id;
	return ERR_OK;
}

/* The count of references is no part of what never changes. */
static struct identity *
counted(const struct identity *id)
{
	return (struct identity *)(uintptr_t)id;
}

struct identity *
identity_keep(const struct identity *id)
{
	if (id != NULL && !identity_is_server(id))
		atomic_fetch_add(&counted(id)->references, 1);
	return counted(id);
}

void
identity_free(struct identity **idp)
{
	struct identity *id = *idp;

	*idp = NULL;
	if (id == NULL || identity_is_server(id))
		return;
	if (atomic_fetch_sub(&id->references, 1) == 1)
		free(id);
}

const struct identity *
identity_server(void)
{
	return &server;
}

bool
identity_is_server(const struct identity *id)
{
	return id == &server;
}

/* Take the first role off what is encoded; false: there is none. */
static bool
take_role(struct slice *rest, struct slice *role)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n;

	if (rest->n < LENGTH_SIZE)
		return false;
	n = (size_t)p[0] << 8 | p[1];
	if (rest->n - LENGTH_SIZE < n)
		return false;
	*role = slice(p + LENGTH_SIZE, n);
	*rest = slice_from(*rest, LENGTH_SIZE + n);
	return true;
}

static struct slice
roles_of(const struct identity *id)
{
	return id == NULL ? slice(NULL, 0) : slice(id->roles, id->n);
}

bool
identity_role(const struct identity *id, size_t i, struct slice *role)
{
	struct slice rest = roles_of(id);

	while (take_role(&rest, role))
		if (i-- == 0)
			return true;
	return false;
}

struct slice
identity_login(const struct identity *id)
{
	struct slice login;

	return identity_role(id, 0, &login) ? login : slice("", 0);
}

bool
identity_has_role(const struct identity *id, struct slice role)
{
	struct slice rest = roles_of(id), own;

	while (take_role(&rest, &own))
		if (own.n == role.n && strncasecmp(own.p, role.p, own.n) == 0)
			return true;
	return false;
}

void
identity_encode(struct buf *b, const struct identity *id)
{
	char kind = KIND_USER;

	if (id == NULL)
		kind = KIND_ANYBODY;
	else if (identity_is_server(id))
		kind = KIND_SERVER;
	buf_add_char(b, kind);
	buf_add_slice(b, roles_of(id));
}

/* Roles without a rest, none of them empty. */
static bool
are_roles(struct slice rest)
{
	struct slice role;

	while (take_role(&rest, &role))
		if (role.n == 0)
			return false;
	return rest.n == 0;
}

enum err
identity_decode(struct identity **out, struct slice s)
{
	struct slice roles;
	struct identity *id;

	if (s.n == 0 || s.n > IDENTITY_MAX_SIZE)
		return ERR_CORRUPT;
	roles = slice_from(s, 1);
	if (s.p[0] == KIND_USER) {
		if (roles.n == 0 || !are_roles(roles))
			return ERR_CORRUPT;
		id = allocate(roles.n);
		memcpy(id->roles, roles.p, roles.n);
		*out = id;
		return ERR_OK;
	}
	if (roles.n > 0 || (s.p[0] != KIND_ANYBODY && s.p[0] != KIND_SERVER))
		return ERR_CORRUPT;
	*out = s.p[0] == KIND_ANYBODY ? NULL : counted(&server);
	return ERR_OK;
}
