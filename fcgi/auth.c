#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi/auth.h"
#include "fcgi/basic.h"
#include "fcgi/client.h"
#include "fcgi/credentials.h"
#include "fcgi/gate.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/throttle.h"
#include "fcgi/trusted.h"
#include "store/account.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/identity.h"
#include "store/log.h"
#include "store/store.h"
#include "store/tally.h"

struct auth {
	struct credentials *credentials;
	struct gate *gate;
	struct throttle *throttle;
};

/* One login under way. */
struct login {
	struct request *request;
	struct basic basic;
	struct credential credential;
	struct attempt attempt;
	int64_t wait_ms; /* if it came too early */
};

struct auth *
auth_new(const struct conf *conf)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int slots = processors > 1 ? (unsigned int)processors / 2 : 1;

	a->credentials = credentials_new();
	a->throttle = throttle_new();
	/* Half of the processors and of the threads are for everybody else. */
	a->gate = gate_new(slots, conf->threads / 2);
	return a;
}

void
auth_free(struct auth **ap)
{
	struct auth *a = *ap;

	if (a == NULL)
		return;
	credentials_free(&a->credentials);
	throttle_free(&a->throttle);
	gate_free(&a->gate);
	free(a);
	*ap = NULL;
}

static struct attempt
attempt_of(const struct request *r, struct slice login)
{
	struct attempt a = {.login = login, .now = clock_mono_ms()};

	client_address(r, &a.from);
	return a;
}

/* Takes over m->who. */
static void
accept(struct login *l, const struct credential_memory *m)
{
	l->request->who = m->who;
	l->request->account = m->mark;
}

/* What is remembered, if it is still so.  ERR_NO_EVENT: nothing is. */
static enum err
recall(struct login *l)
{
	struct server *server = l->request->server;
	struct credentials *c = server->auth->credentials;
	struct credential_memory m;
	enum err e;

	if (!credentials_find(c, &l->credential, clock_mono_ms(), &m))
		return ERR_NO_EVENT;
	e = account_is_current(server->store, l->basic.login, &m.mark);
	if (e == ERR_OK && m.who != NULL) {
		accept(l, &m);
		return ERR_OK;
	}
	identity_free(&m.who);
	if (e == ERR_OK)
		return ERR_DENIED;
	if (e != ERR_WRONG_VERSION)
		return e;
	credentials_forget(c, &l->credential);
	return ERR_NO_EVENT;
}

/* Give an account a hash of today's kind; if it cannot be now, later. */
static void
upgrade(struct login *l, struct account *a)
{
	unsigned int cost = l->request->server->conf->password_cost;
	struct account better = *a;
	char hash[ACCOUNT_HASH_SIZE];
	char name[LOG_QUOTE_SIZE];

	if (!account_hash_is_old(a->hash, cost) ||
	    account_hash(hash, l->basic.password, cost) != ERR_OK)
		return;
	better.hash = slice_str(hash);
	if (account_update(l->request->server->store, &better) == ERR_OK)
		log_info("auth", "the password of %s is hashed anew",
		    log_quote(name, l->basic.login));
	explicit_bzero(hash, sizeof(hash));
}

/* a: NULL if there is no such account.  Takes as long for all of them. */
static enum err
judge(struct login *l, struct account *a)
{
	struct server *server = l->request->server;
	struct credential_memory m = {.mark.number = EVENT_NUMBER_NONE};
	bool is = account_has_password(
	    a, l->basic.password, server->conf->password_cost);
	enum err e = ERR_OK;

	if (a != NULL)
		m.mark = a->mark;
	if (is && !a->is_disabled)
		e = account_identity(a, &m.who);
	if (e != ERR_OK)
		return e;
	credentials_remember(
	    server->auth->credentials, &l->credential, clock_mono_ms(), &m);
	if (m.who == NULL) {
		throttle_failed(server->auth->throttle, &l->attempt);
		return ERR_DENIED;
	}
	throttle_passed(server->auth->throttle, &l->attempt);
	upgrade(l, a);
	accept(l, &m);
	return ERR_OK;
}

static enum err
check_account(struct login *l)
{
	struct server *server = l->request->server;
	struct account *a = NULL;
	enum err e = account_read(&a, server->store, l->basic.login);

	if (e != ERR_OK && e != ERR_NO_STREAM)
		return e;
	/* A new store gets this account in a moment. */
	if (e == ERR_NO_STREAM && slice_is(l->basic.login, ACCOUNT_ADMIN) &&
	    !atomic_load(&server->has_accounts))
		return ERR_UNAVAILABLE;
	e = judge(l, a);
	account_free(&a);
	return e;
}

static bool
came_too_early(struct login *l)
{
	l->attempt = attempt_of(l->request, l->basic.login);
	l->wait_ms =
	    throttle_wait(l->request->server->auth->throttle, &l->attempt);
	return l->wait_ms > 0;
}

static enum err
check_in_turn(struct login *l)
{
	struct gate *gate = l->request->server->auth->gate;
	enum err e;

	switch (gate_enter(gate, &l->credential)) {
	case GATE_FULL:
		return ERR_BUSY;
	case GATE_WAITED:
		return ERR_NO_EVENT;
	case GATE_OPEN:
		break;
	}
	/* Others may have failed while this one waited. */
	e = came_too_early(l) ? ERR_DENIED : check_account(l);
	gate_leave(gate, &l->credential);
	return e;
}

/* ERR_DENIED: they are wrong, or wait_ms says how much too early. */
static enum err
check(struct login *l)
{
	enum err e;

	if (!account_password_is_valid(l->basic.password))
		return ERR_DENIED;
	credentials_digest(l->request->server->auth->credentials,
	    l->basic.login, l->basic.password, &l->credential);
	do {
		if ((e = recall(l)) != ERR_NO_EVENT)
			return e;
		if (came_too_early(l))
			return ERR_DENIED;
		e = check_in_turn(l);
	} while (e == ERR_NO_EVENT);
	return e;
}

static void
refuse_early(struct request *r, int64_t wait_ms)
{
	int64_t seconds = (wait_ms + 999) / 1000;
	char why[120];

	snprintf(why, sizeof(why),
	    "Too many logins have failed here; the next one is checked in "
	    "%" PRId64 " s.",
	    seconds);
	reply_refuse_why(&r->reply, 401, "Unauthorized", why);
	reply_header(&r->reply, "Retry-After", "%" PRId64, seconds);
}

/* Whether a login was refused; else it could not be checked now. */
static bool
is_failure(enum err e)
{
	return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE;
}

static void
refuse(struct request *r, enum err e)
{
	if (is_failure(e))
		reply_refuse_why(&r->reply, 401, "Unauthorized",
		    "Login or password is wrong, or the account is disabled.");
	else
		reply_error(&r->reply, e);
}

static bool
check_basic(struct request *r)
{
	struct login l = {.request = r};
	enum err e = ERR_DENIED;

	if (basic_parse(&l.basic, request_header(r, HEADER_AUTHORIZATION)))
		e = check(&l);
	request_wipe_header(r, HEADER_AUTHORIZATION);
	basic_wipe(&l.basic);
	if (e == ERR_OK)
		return true;
	if (is_failure(e))
		tally_add(
		    store_tally(r->server->store), TALLY_FAILED_LOGINS, 1);
	if (l.wait_ms > 0)
		refuse_early(r, l.wait_ms);
	else
		refuse(r, e);
	return false;
}

/* Who asks has waited: is the account still what it was? */
static bool
check_again(struct request *r)
{
	enum err e;

	if (r->account.number == EVENT_NUMBER_NONE)
		return true;
	e = account_is_current(
	    r->server->store, identity_login(r->who), &r->account);
	if (e == ERR_OK)
		return true;
	refuse(r, e == ERR_WRONG_VERSION ? ERR_DENIED : e);
	return false;
}

bool
auth_check(struct request *r)
{
	enum err e;

	if (r->poll.waited > 0)
		return check_again(r);
	r->account.number = EVENT_NUMBER_NONE;
	if (request_has(r, HEADER_AUTHORIZATION))
		return check_basic(r);
	if (!trusted_applies(r))
		return true;
	e = trusted_parse(&r->who, request_header(r, HEADER_ES_TRUSTED_AUTH));
	if (e == ERR_OK)
		return true;
	reply_refuse_why(&r->reply, 401, "Unauthorized",
	    "ES-TrustedAuth must be a login, and behind a semicolon groups "
	    "with commas between them.");
	return false;
}

bool
auth_enter(struct request *r, struct slice login)
{
	struct attempt at = attempt_of(r, login);
	struct auth *auth = r->server->auth;
	int64_t wait_ms = login.n > 0 ? throttle_wait(auth->throttle, &at) : 0;

	if (wait_ms > 0) {
		refuse_early(r, wait_ms);
		return false;
	}
	if (gate_enter(auth->gate, NULL) == GATE_OPEN)
		return true;
	reply_error(&r->reply, ERR_BUSY);
	return false;
}

void
auth_leave(struct request *r, struct slice login, enum auth_outcome outcome)
{
	struct attempt at = attempt_of(r, login);
	struct auth *auth = r->server->auth;

	gate_leave(auth->gate, NULL);
	if (outcome == AUTH_PASSED)
		throttle_passed(auth->throttle, &at);
	else if (outcome == AUTH_FAILED)
		throttle_failed(auth->throttle, &at);
}
