#include "config.h"

#include <assert.h>
#include <crypt.h>
#include <stdlib.h>

#include "store/account.h"
#include "store/alloc.h"
#include "store/env.h"
#include "store/identity.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/own_event.h"
#include "store/stream.h"
#include "store/txn.h"

#define KIND "$y$" /* of hash: yescrypt */

/* What an account's slices point to. */
struct parsed {
	struct account account; /* first, so that it is the same pointer */
	struct buf text;
	struct slice *groups;
};

struct slice
account_stream(char out[ACCOUNT_MAX_STREAM], struct slice login)
{
	const size_t n = sizeof(ACCOUNT_STREAM) - 1;

	assert(login.n <= ACCOUNT_MAX_LOGIN);
	memcpy(out, ACCOUNT_STREAM, n);
	if (login.n > 0)
		memcpy(out + n, login.p, login.n);
	return slice(out, n + login.n);
}

void
account_free(struct account **ap)
{
	struct parsed *p = (struct parsed *)*ap;

	if (p == NULL)
		return;
	explicit_bzero(p->text.p, p->text.n);
	buf_fini(&p->text);
	free(p->groups);
	free(p);
	*ap = NULL;
}

/* What a string says, followed by NUL; p->text has room for all of them. */
static struct slice
keep_text(struct parsed *p, struct json_value v)
{
	size_t at = p->text.n;
	struct slice kept;

	json_unescape(&p->text, v.text);
	kept = slice(p->text.p + at, p->text.n - at);
	buf_add_char(&p->text, '\0');
	return kept;
}

static bool
read_text(struct parsed *p, struct json_value v, struct slice *out)
{
	if (v.kind != JSON_STRING)
		return false;
	*out = keep_text(p, v);
	return true;
}

static bool
read_groups(struct parsed *p, struct json_value v)
{
	struct json_value group;
	struct json_iter it;
	size_t n = 0;

	if (v.kind != JSON_ARRAY)
		return v.kind == JSON_NULL;
	json_iter_init(&it, v);
	while (json_iter_next(&it, &group))
		n++;
	free(p->groups);
	p->account.groups = p->groups = xcalloc(n + 1, sizeof(*p->groups));
	p->account.ngroups = 0;
	json_iter_init(&it, v);
	while (json_iter_next(&it, &group))
		if (!read_text(p, group, &p->groups[p->account.ngroups++]))
			return false;
	return true;
}

static bool
read_member(struct parsed *p, struct slice name, struct json_value v)
{
	struct account *a = &p->account;

	if (slice_is(name, "loginName"))
		return read_text(p, v, &a->login);
	if (slice_is(name, "fullName"))
		return v.kind == JSON_NULL || read_text(p, v, &a->full_name);
	if (slice_is(name, "password"))
		return read_text(p, v, &a->hash);
	if (slice_is(name, "groups"))
		return read_groups(p, v);
	if (slice_is(name, "disabled")) {
		a->is_disabled = slice_is(v.text, "true");
		return v.kind == JSON_BOOL;
	}
	return true;
}

static bool
read_document(struct parsed *p, struct json_value document)
{
	struct json_iter it;
	struct json_value v;
	struct slice name;

	json_iter_init(&it, document);
	while (json_iter_member(&it, &name, &v))
		if (!read_member(p, name, v))
			return false;
	return !buf_failed(&p->text);
}

static bool
is_whole(const struct account *a, struct slice login)
{
	return a->login.p != NULL && slice_eq(a->login, login) &&
	       a->hash.n > 0 && a->hash.n < ACCOUNT_HASH_SIZE &&
	       memchr(a->hash.p, '\0', a->hash.n) == NULL;
}

enum err
account_parse(struct account **out, struct slice login, const struct event *ev)
{
	struct json_value document;
	struct parsed *p;

	if (!json_parse(&document, ev->data, NULL) ||
	    document.kind != JSON_OBJECT)
		return ERR_CORRUPT;
	p = xcalloc(1, sizeof(*p));
	*out = &p->account;
	/* A string never says more than stands between its quotes, so this
	 * never grows, and what points into it stays. */
	if (!buf_reserve(&p->text, ev->data.n)) {
		account_free(out);
		return ERR_NO_MEMORY;
	}
	p->account.mark.number = ev->number;
	p->account.mark.updated = ev->created;
	if (read_document(p, document) && is_whole(&p->account, login))
		return ERR_OK;
	account_free(out);
	return ERR_CORRUPT;
}

enum err
account_lookup(struct txn *tx, struct slice login, struct account **out)
{
	char name[ACCOUNT_MAX_STREAM];
	struct stream s;
	struct page *pg;
	enum err e;

	if (login.n == 0 || login.n > ACCOUNT_MAX_LOGIN)
		return ERR_NO_STREAM;
	e = stream_lookup(tx, account_stream(name, login), &s);
	if (e != ERR_OK)
		return e == ERR_DELETED ? ERR_NO_STREAM : e;
	pg = page_new();
	if ((e = stream_event(tx, &s, s.last, pg)) == ERR_OK)
		e = account_parse(out, login, &page_entry(pg, 0)->event);
	if (e == ERR_OK) {
		(*out)->mark.stream_id = s.id;
		(*out)->mark.since = env_since(tx->env);
	}
	page_free(&pg);
	return e == ERR_NO_EVENT ? ERR_NO_STREAM : e;
}

struct lookup {
	struct slice login;
	struct account *account;
};

static enum err
look_up(struct txn *tx, void *arg)
{
	struct lookup *l = arg;

	account_free(&l->account);
	return account_lookup(tx, l->login, &l->account);
}

enum err
account_read(struct account **out, struct store *st, struct slice login)
{
	struct lookup l = {.login = login};
	enum err e = stream_run(st, look_up, &l);

	if (e == ERR_OK)
		*out = l.account;
	else
		account_free(&l.account);
	return e;
}

struct comparison {
	struct slice login;
	const struct account_mark *mark;
};

static enum err
compare(struct txn *tx, void *arg)
{
	const struct comparison *c = arg;
	struct event ev = {
	    .number = c->mark->number, .created = c->mark->updated};
	char name[ACCOUNT_MAX_STREAM];
	struct stream s;
	enum err e = stream_lookup(tx, account_stream(name, c->login), &s);
	bool same;

	if (e != ERR_OK && e != ERR_NO_STREAM && e != ERR_DELETED)
		return e;
	if (e != ERR_OK || s.last < s.first)
		same = ev.number == EVENT_NUMBER_NONE;
	else
		same = s.id == c->mark->stream_id && s.last == ev.number &&
		       stream_shows(&s, &ev) &&
		       c->mark->since == env_since(tx->env);
	return same ? ERR_OK : ERR_WRONG_VERSION;
}

enum err
account_is_current(
    struct store *st, struct slice login, const struct account_mark *mark)
{
	struct comparison c = {login, mark};

	if (login.n > 0 && login.n <= ACCOUNT_MAX_LOGIN)
		return stream_run(st, compare, &c);
	return mark->number == EVENT_NUMBER_NONE ? ERR_OK : ERR_WRONG_VERSION;
}

static void
print_text(struct buf *b, const char *name, struct slice text)
{
	buf_printf(b, "%s\n  \"%s\": ", b->n > 1 ? "," : "", name);
	json_quote(b, text);
}

static void
print_groups(struct buf *b, const struct account *a)
{
	size_t i;

	buf_add_str(b, ",\n  \"groups\": [");
	for (i = 0; i < a->ngroups; i++) {
		buf_add_str(b, i == 0 ? "\n    " : ",\n    ");
		json_quote(b, a->groups[i]);
	}
	buf_add_str(b, a->ngroups > 0 ? "\n  ]" : "]");
}

void
account_print(struct buf *b, const struct account *a)
{
	buf_add_char(b, '{');
	print_text(b, "loginName", a->login);
	if (a->full_name.p != NULL)
		print_text(b, "fullName", a->full_name);
	print_text(b, "password", a->hash);
	if (a->is_disabled)
		buf_add_str(b, ",\n  \"disabled\": true");
	if (a->groups != NULL)
		print_groups(b, a);
	buf_add_str(b, "\n}");
}

enum err
account_update(struct store *st, const struct account *a)
{
	char name[ACCOUNT_MAX_STREAM];
	struct own_event own = {.stream = account_stream(name, a->login),
	    .expected = a->mark.number,
	    .must_live = true,
	    .type = "$UserUpdated",
	    .is_json = true};
	struct buf data = {0};
	enum err e;

	account_print(&data, a);
	own.data = buf_slice(&data);
	guid_random(&own.id);
	e = buf_failed(&data) ? ERR_NO_MEMORY : own_event_write(st, &own);
	buf_fini(&data);
	return e;
}

enum err
account_identity(const struct account *a, struct identity **out)
{
	struct identity_parts parts = {a->login, a->groups, a->ngroups};

	return identity_new(out, &parts);
}

/* The same time wherever the first difference is. */
static bool
equal_in_constant_time(struct slice a, struct slice b)
{
	unsigned char differ = a.n != b.n;
	size_t i;

	for (i = 0; i < a.n && i < b.n; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	return differ == 0;
}

bool
account_password_is_valid(struct slice password)
{
	return password.n <= ACCOUNT_MAX_PASSWORD &&
	       (password.n == 0 ||
		   memchr(password.p, '\0', password.n) == NULL);
}

/*
 * Hash a password as setting, an earlier hash or what begins one, says.
 * False: libcrypt does not know how.
 */
static bool
run_crypt(
    char out[ACCOUNT_HASH_SIZE], struct slice password, const char *setting)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	char phrase[ACCOUNT_MAX_PASSWORD + 1];
	const char *got;
	bool ok;

	if (password.n > 0)
		memcpy(phrase, password.p, password.n);
	phrase[password.n] = '\0';
	got = crypt_r(phrase, setting, data);
	ok = got != NULL && got[0] != '*' && strlen(got) < ACCOUNT_HASH_SIZE;
	if (ok)
		memcpy(out, got, strlen(got) + 1);
	explicit_bzero(data, sizeof(*data));
	explicit_bzero(phrase, sizeof(phrase));
	free(data);
	return ok;
}

/* random: NULL for some of the system's. */
static bool
make_setting(
    char out[CRYPT_GENSALT_OUTPUT_SIZE], unsigned int cost, const char *random)
{
	return crypt_gensalt_rn(KIND, cost, random,
		   random == NULL ? 0 : (int)strlen(random), out,
		   CRYPT_GENSALT_OUTPUT_SIZE) != NULL;
}

bool
account_has_password(
    const struct account *a, struct slice password, unsigned int cost)
{
	char got[ACCOUNT_HASH_SIZE], setting[CRYPT_GENSALT_OUTPUT_SIZE];
	bool is;

	if (!account_password_is_valid(password))
		return false;
	if (a == NULL) {
		if (make_setting(setting, cost, "nobody has this."))
			run_crypt(got, password, setting);
		is = false;
	} else {
		/* A NUL stands behind it. */
		is = run_crypt(got, password, a->hash.p) &&
		     equal_in_constant_time(slice_str(got), a->hash);
	}
	explicit_bzero(got, sizeof(got));
	return is;
}

enum err
account_hash(
    char out[ACCOUNT_HASH_SIZE], struct slice password, unsigned int cost)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!account_password_is_valid(password))
		return ERR_INVALID;
	if (!make_setting(setting, cost, NULL) ||
	    !run_crypt(out, password, setting))
		return ERR_IO;
	return ERR_OK;
}

bool
account_hash_is_old(struct slice hash, unsigned int cost)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *end;
	size_t n;

	if (!make_setting(setting, cost, "nobody has this."))
		return false;
	/* "$y$<cost>$<salt>" */
	end = strchr(setting + sizeof(KIND) - 1, '$');
	n = end == NULL ? 0 : (size_t)(end - setting) + 1;
	return hash.n < n || memcmp(hash.p, setting, n) != 0;
}
