#include "config.h"

#include <crypt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fcgi/user.h"
#include "store/alloc.h"
#include "store/log.h"
#include "store/store.h"
#include "store/stream.h"

#define USER_STREAM "$user-"

/*
 * What a login that nobody has is checked against, so that it takes as long:
 * a yescrypt hash with libcrypt's default cost of a password nobody knows.
 */
static const char nobodys_hash[] =
    "$y$j9T$JKPgo8wYJ.Nb8IPYGhfJM1$0yUKrzQ8bSJhhzvnwVS9ana4yAK.Q24iVQ0wUa5"
    "IEV.";

struct user {
	json_t *account; /* ours */
};

struct lookup {
	struct slice stream;
	struct page *page;
};

static enum err
read_account(struct txn *tx, void *arg)
{
	struct lookup *l = arg;
	struct stream s;
	enum err e;

	page_reset(l->page);
	if ((e = stream_lookup(tx, l->stream, &s)) != ERR_OK)
		return e;
	return stream_event(tx, &s, s.last, l->page);
}

static enum err
parse_account(struct user **out, struct slice data, struct slice login)
{
	json_t *account = json_loadb(data.p, data.n, 0, NULL);
	const char *name, *hash;
	int disabled = 0;

	if (json_unpack(account, "{s:s, s:s, s?:b}", "loginName", &name,
		"password", &hash, "disabled", &disabled) != 0 ||
	    !slice_is(login, name)) {
		json_decref(account);
		return ERR_CORRUPT;
	}
	if (disabled) {
		json_decref(account);
		return ERR_NO_STREAM;
	}
	*out = xmalloc(sizeof(**out));
	(*out)->account = account;
	return ERR_OK;
}

enum err
user_read(struct user **out, struct store *st, struct slice login)
{
	char name[sizeof(USER_STREAM) + USER_MAX_LOGIN] = USER_STREAM;
	struct lookup l;
	enum err e;

	if (login.n == 0 || login.n > USER_MAX_LOGIN)
		return ERR_NO_STREAM;
	memcpy(name + sizeof(USER_STREAM) - 1, login.p, login.n);
	l.stream = slice(name, sizeof(USER_STREAM) - 1 + login.n);
	l.page = page_new();
	e = stream_run(st, read_account, &l);
	if (e == ERR_OK)
		e = parse_account(
		    out, page_entry(l.page, 0)->event.data, login);
	page_free(&l.page);
	return e == ERR_NO_EVENT || e == ERR_DELETED ? ERR_NO_STREAM : e;
}

void
user_free(struct user **u)
{
	if (*u == NULL)
		return;
	json_decref((*u)->account);
	free(*u);
	*u = NULL;
}

/* The same time wherever the first difference is. */
static bool
equal_in_constant_time(const char *a, const char *b)
{
	size_t i, n = strlen(a);
	unsigned char differ = n != strlen(b);

	for (i = 0; i < n && b[i] != '\0'; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

bool
user_has_password(const struct user *u, struct slice password)
{
	const char *hash = nobodys_hash, *got;
	char phrase[USER_MAX_PASSWORD + 1];
	struct crypt_data *data;
	bool is;

	if (password.n > USER_MAX_PASSWORD ||
	    memchr(password.p, '\0', password.n) != NULL)
		return false;
	if (u != NULL)
		hash =
		    json_string_value(json_object_get(u->account, "password"));
	memcpy(phrase, password.p, password.n);
	phrase[password.n] = '\0';
	data = xcalloc(1, sizeof(*data));
	got = crypt_r(phrase, hash, data);
	is = got != NULL && u != NULL && got[0] != '*' &&
	     equal_in_constant_time(got, hash);
	explicit_bzero(data, sizeof(*data));
	explicit_bzero(phrase, sizeof(phrase));
	free(data);
	return is;
}

static bool
equals(const json_t *name, struct slice role)
{
	return json_is_string(name) && json_string_length(name) == role.n &&
	       strncasecmp(json_string_value(name), role.p, role.n) == 0;
}

bool
user_has_role(const struct user *u, struct slice role)
{
	const json_t *groups = json_object_get(u->account, "groups"), *group;
	size_t i;

	if (equals(json_object_get(u->account, "loginName"), role))
		return true;
	json_array_foreach(
	    groups, i, group) if (equals(group, role)) return true;
	return false;
}

enum err
user_hash(char out[USER_HASH_SIZE], struct slice password)
{
	char phrase[USER_MAX_PASSWORD + 1], salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *got = NULL;
	enum err e = ERR_IO;

	memcpy(phrase, password.p, password.n);
	phrase[password.n] = '\0';
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)) != NULL)
		got = crypt_r(phrase, salt, data);
	if (got != NULL && got[0] != '*') {
		memcpy(out, got, strlen(got) + 1);
		e = ERR_OK;
	}
	explicit_bzero(data, sizeof(*data));
	explicit_bzero(phrase, sizeof(phrase));
	free(data);
	return e;
}
