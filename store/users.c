#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/account.h"
#include "store/buf.h"
#include "store/clock.h"
#include "store/identity.h"
#include "store/json.h"
#include "store/own_event.h"
#include "store/stream.h"
#include "store/users.h"

#define LOGINS_STREAM        "$users"
#define NOTIFICATIONS_STREAM "$users-password-notifications"
#define TRIES                100
#define REPEAT_S             60

/* Contract 3.5. */
#define ACCOUNT_METADATA                                    \
	"{\"$acl\":{\"$w\":\"$admins\",\"$d\":\"$admins\"," \
	"\"$mw\":\"$admins\"}}"
#define NOTIFICATIONS_METADATA "{\"$maxAge\":3600}"

static bool
refuse(char why[USERS_WHY_SIZE], const char *sentence)
{
	snprintf(why, USERS_WHY_SIZE, "%s", sentence);
	return false;
}

static bool
is_printable(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == '\x7f')
			return false;
	return json_utf8_valid(s);
}

/* Of HTTP Basic, a login ends at its colon (RFC 7617). */
bool
users_login_fits(struct slice login, char why[USERS_WHY_SIZE])
{
	if (login.n == 0)
		return refuse(why, "An account needs a login.");
	if (login.n > ACCOUNT_MAX_LOGIN) {
		snprintf(why, USERS_WHY_SIZE,
		    "A login may have at most %d bytes.", ACCOUNT_MAX_LOGIN);
		return false;
	}
	if (!is_printable(login))
		return refuse(
		    why, "A login must be UTF-8 without control characters.");
	if (login.p[0] == '$')
		return refuse(why,
		    "Names that begin with $ are the system's: a login must "
		    "begin with something else.");
	if (memchr(login.p, ':', login.n) != NULL)
		return refuse(
		    why, "A login must have no colon: it could not be sent.");
	return true;
}

bool
users_password_fits(struct slice password, char why[USERS_WHY_SIZE])
{
	if (password.n == 0)
		return refuse(why, "An account needs a password.");
	if (password.n > ACCOUNT_MAX_PASSWORD) {
		snprintf(why, USERS_WHY_SIZE,
		    "A password may have at most %d bytes.",
		    ACCOUNT_MAX_PASSWORD);
		return false;
	}
	if (!is_printable(password))
		return refuse(why,
		    "A password must be UTF-8 without control characters.");
	return true;
}

/* All of an account's roles must fit into an identity. */
static bool
roles_fit(const struct user_wish *w, char why[USERS_WHY_SIZE])
{
	struct identity_parts parts = {w->login, w->groups, w->ngroups};
	struct identity *who = NULL;
	enum err e = identity_new(&who, &parts);

	identity_free(&who);
	if (e == ERR_OK)
		return true;
	snprintf(why, USERS_WHY_SIZE,
	    "The groups are too long together: at most about %d bytes.",
	    IDENTITY_MAX_SIZE);
	return false;
}

bool
users_details_fit(const struct user_wish *w, char why[USERS_WHY_SIZE])
{
	size_t i;

	if (w->full_name.n > USERS_MAX_FULL_NAME ||
	    !is_printable(w->full_name)) {
		snprintf(why, USERS_WHY_SIZE,
		    "A full name must be UTF-8 without control characters, "
		    "of at most %d bytes.",
		    USERS_MAX_FULL_NAME);
		return false;
	}
	for (i = 0; i < w->ngroups; i++)
		if (w->groups[i].n == 0 || !is_printable(w->groups[i]))
			return refuse(why,
			    "A group's name must be UTF-8 without control "
			    "characters, and not empty.");
	return roles_fit(w, why);
}

/* An event that a stream has once, since its id is made of what it says. */
static enum err
write_once(struct store *st, struct own_event *own)
{
	struct buf name = {0};
	enum err e = ERR_NO_MEMORY;

	buf_add_slice(&name, own->stream);
	buf_add_char(&name, '/');
	buf_add_slice(&name, own->data);
	guid_from_name(&own->id, buf_slice(&name));
	if (!buf_failed(&name))
		e = own_event_write(st, own);
	buf_fini(&name);
	return e;
}

static enum err
write_login(struct store *st, struct slice login)
{
	struct own_event own = {.stream = slice_str(LOGINS_STREAM),
	    .expected = EXPECT_ANY,
	    .type = "$User",
	    .data = login};

	return write_once(st, &own);
}

static enum err
describe_notifications(struct store *st)
{
	struct own_event own = {.stream = slice_str("$$" NOTIFICATIONS_STREAM),
	    .expected = EXPECT_ANY,
	    .type = "$metadata",
	    .data = slice_str(NOTIFICATIONS_METADATA),
	    .is_json = true};

	return write_once(st, &own);
}

/* Those who remember a checked password are to forget it. */
static enum err
notify(struct store *st, struct slice login)
{
	struct own_event own = {.stream = slice_str(NOTIFICATIONS_STREAM),
	    .expected = EXPECT_ANY,
	    .type = "$PasswordChanged",
	    .is_json = true};
	struct buf data = {0};
	enum err e;

	if ((e = describe_notifications(st)) != ERR_OK)
		return e;
	buf_add_str(&data, "{\n  \"loginName\": ");
	json_quote(&data, login);
	buf_add_str(&data, "\n}");
	own.data = buf_slice(&data);
	guid_random(&own.id);
	e = buf_failed(&data) ? ERR_NO_MEMORY : own_event_write(st, &own);
	buf_fini(&data);
	return e;
}

/* Where an account stands, or would. */
struct place {
	struct slice login;
	struct account *account; /* NULL: there is none */
	int64_t last;            /* its stream's last number */
	bool has_acl;            /* its stream has */
};

static enum err
look(struct txn *tx, void *arg)
{
	char name[ACCOUNT_MAX_STREAM];
	struct place *p = arg;
	struct stream s;
	enum err e;

	account_free(&p->account);
	e = account_lookup(tx, p->login, &p->account);
	if (e != ERR_NO_STREAM)
		return e;
	e = stream_lookup(tx, account_stream(name, p->login), &s);
	p->last = s.last;
	p->has_acl = s.settings.acl.n > 0;
	return e == ERR_NO_STREAM ? ERR_OK : e;
}

static enum err
write_acl(struct store *st, struct slice login)
{
	char name[ACCOUNT_MAX_STREAM], meta[STREAM_MAX_META_NAME];
	struct own_event own = {
	    .stream = name_meta(meta, account_stream(name, login)),
	    .expected = EXPECT_ANY,
	    .type = "$metadata",
	    .data = slice_str(ACCOUNT_METADATA),
	    .is_json = true};

	guid_random(&own.id);
	return own_event_write(st, &own);
}

static enum err
write_account(const struct users *u, const struct user_wish *w, int64_t last)
{
	char name[ACCOUNT_MAX_STREAM], hash[ACCOUNT_HASH_SIZE];
	struct account a = {.login = w->login,
	    .full_name = w->full_name,
	    .groups = w->groups,
	    .ngroups = w->ngroups};
	struct own_event own = {.stream = account_stream(name, w->login),
	    .expected = last,
	    .type = "$UserCreated",
	    .is_json = true};
	struct buf data = {0};
	enum err e;

	if ((e = account_hash(hash, w->password, u->cost)) != ERR_OK)
		return e;
	a.hash = slice_str(hash);
	account_print(&data, &a);
	own.data = buf_slice(&data);
	guid_random(&own.id);
	e = buf_failed(&data) ? ERR_NO_MEMORY : own_event_write(u->store, &own);
	buf_fini(&data);
	return e;
}

/*
 * First who may write to it, then the account, then its name: cut short in
 * between, it is either not there or not in the list, until it is made again.
 */
static enum err
create(const struct users *u, const struct user_wish *w)
{
	struct place p = {.login = w->login};
	enum err e = stream_run(u->store, look, &p);

	if (e == ERR_OK && p.account != NULL) {
		if (!account_has_password(p.account, w->password, u->cost))
			e = ERR_TAKEN;
	} else if (e == ERR_OK) {
		if (!p.has_acl)
			e = write_acl(u->store, w->login);
		if (e == ERR_OK)
			e = write_account(u, w, p.last);
	}
	account_free(&p.account);
	if (e == ERR_OK)
		e = write_login(u->store, w->login);
	return e;
}

enum err
users_create(const struct users *u, const struct user_wish *w)
{
	int i;
	enum err e = ERR_WRONG_VERSION;

	for (i = 0; i < TRIES && e == ERR_WRONG_VERSION; i++)
		e = create(u, w);
	return e == ERR_WRONG_VERSION ? ERR_BUSY : e;
}

/* Works on a copy of what was read; may be called again. */
typedef enum err change_f(const struct users *, struct account *, void *arg);

struct change {
	change_f *make;
	void *arg;
	bool notifies;
};

static bool
is_same(const struct account *a, const struct account *b)
{
	return a->is_disabled == b->is_disabled && a->hash.p == b->hash.p &&
	       a->groups == b->groups && a->full_name.p == b->full_name.p;
}

static enum err
change_once(const struct users *u, struct slice login, const struct change *c)
{
	struct account *read = NULL, changed;
	enum err e;

	if ((e = account_read(&read, u->store, login)) != ERR_OK)
		return e;
	changed = *read;
	e = c->make(u, &changed, c->arg);
	if (e == ERR_OK && !is_same(&changed, read))
		e = account_update(u->store, &changed);
	account_free(&read);
	return e == ERR_DELETED ? ERR_NO_STREAM : e;
}

static enum err
change(const struct users *u, struct slice login, const struct change *c)
{
	enum err e = ERR_WRONG_VERSION;
	int i;

	for (i = 0; i < TRIES && e == ERR_WRONG_VERSION; i++)
		e = change_once(u, login, c);
	if (e == ERR_OK && c->notifies)
		e = notify(u->store, login);
	return e == ERR_WRONG_VERSION ? ERR_BUSY : e;
}

static enum err
change_details(const struct users *u, struct account *a, void *arg)
{
	const struct user_wish *w = arg;

	(void)u;
	a->full_name = w->full_name;
	a->groups = w->groups;
	a->ngroups = w->ngroups;
	return ERR_OK;
}

enum err
users_update(const struct users *u, const struct user_wish *w)
{
	struct user_wish wish = *w;
	struct change c = {change_details, &wish, false};

	return change(u, w->login, &c);
}

static enum err
disable(const struct users *u, struct account *a, void *arg)
{
	(void)u;
	(void)arg;
	a->is_disabled = true;
	return ERR_OK;
}

enum err
users_disable(const struct users *u, struct slice login)
{
	struct change c = {disable, NULL, true};

	return change(u, login, &c);
}

static enum err
enable(const struct users *u, struct account *a, void *arg)
{
	(void)u;
	(void)arg;
	a->is_disabled = false;
	return ERR_OK;
}

enum err
users_enable(const struct users *u, struct slice login)
{
	struct change c = {enable, NULL, false};

	return change(u, login, &c);
}

struct new_password {
	struct slice wanted;
	struct slice current; /* p NULL: need not be known */
	char hash[ACCOUNT_HASH_SIZE];
};

/* Whether an answer may just have been lost on the way. */
static bool
was_just_changed(const struct account *a)
{
	return clock_now_ticks() - a->mark.updated <
	       REPEAT_S * CLOCK_TICKS_PER_S;
}

/* Both are tried whatever comes of it, so that it always takes as long. */
static enum err
check_current(
    const struct users *u, const struct account *a, struct new_password *n)
{
	bool is_current = account_has_password(a, n->current, u->cost);
	bool is_repeat = account_has_password(a, n->wanted, u->cost);

	if (a == NULL)
		return ERR_NO_STREAM;
	if (a->is_disabled)
		return ERR_DENIED;
	if (is_current || (is_repeat && was_just_changed(a)))
		return ERR_OK;
	return ERR_DENIED;
}

static enum err
change_password(const struct users *u, struct account *a, void *arg)
{
	struct new_password *n = arg;
	enum err e = ERR_OK;

	if (n->current.p != NULL)
		e = check_current(u, a, n);
	if (e == ERR_OK)
		e = account_hash(n->hash, n->wanted, u->cost);
	a->hash = slice_str(n->hash);
	return e;
}

static enum err
set_password(const struct users *u, struct slice login, struct new_password *n)
{
	struct change c = {change_password, n, true};
	enum err e = change(u, login, &c);

	if (e == ERR_NO_STREAM && n->current.p != NULL)
		e = check_current(u, NULL, n);
	return e;
}

enum err
users_reset_password(
    const struct users *u, struct slice login, struct slice password)
{
	struct new_password n = {.wanted = password};

	return set_password(u, login, &n);
}

enum err
users_change_password(
    const struct users *u, struct slice login, const struct users_passwords *p)
{
	struct new_password n = {.wanted = p->wanted, .current = p->current};

	return set_password(u, login, &n);
}

static enum err
delete_account(struct store *st, struct slice login, int64_t expected)
{
	char name[ACCOUNT_MAX_STREAM];
	struct append a = {.kind = APPEND_SOFT_DELETE,
	    .stream = account_stream(name, login),
	    .expected = expected,
	    .who = identity_server()};

	return stream_append(st, &a);
}

/* What is there but no account can be deleted, too. */
static enum err
delete_once(struct store *st, struct slice login)
{
	struct account *a = NULL;
	enum err e = account_read(&a, st, login);

	if (e == ERR_OK)
		e = delete_account(st, login, a->mark.number);
	else if (e == ERR_CORRUPT)
		e = delete_account(st, login, EXPECT_ANY);
	account_free(&a);
	return e;
}

enum err
users_delete(const struct users *u, struct slice login)
{
	enum err e = ERR_WRONG_VERSION;
	int i;

	for (i = 0; i < TRIES && e == ERR_WRONG_VERSION; i++)
		e = delete_once(u->store, login);
	if (e == ERR_OK)
		e = notify(u->store, login);
	return e == ERR_WRONG_VERSION ? ERR_BUSY : e;
}
