#include "config.h"

#include <nettle/base64.h>

#include "fcgi/auth.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "store/account.h"
#include "store/identity.h"

/* "login:password", which is at most so long. */
#define MAX_CREDENTIALS (ACCOUNT_MAX_LOGIN + 1 + ACCOUNT_MAX_PASSWORD)

struct credentials {
	uint8_t text[BASE64_DECODE_LENGTH(4 * (MAX_CREDENTIALS / 3 + 2)) + 4];
	struct slice login;
	struct slice password;
};

/* RFC 7617.  False: it is malformed, or another scheme. */
static bool
parse(struct slice header, struct credentials *c)
{
	struct base64_decode_ctx ctx;
	size_t n = sizeof(c->text);
	const char *colon;

	if (!header_starts(header, "Basic "))
		return false;
	header = header_trim(slice_from(header, sizeof("Basic ") - 1));
	if (BASE64_DECODE_LENGTH(header.n) > sizeof(c->text))
		return false;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, c->text, header.n, header.p) ||
	    !base64_decode_final(&ctx))
		return false;
	if ((colon = memchr(c->text, ':', n)) == NULL)
		return false;
	c->login = slice(c->text, (size_t)(colon - (char *)c->text));
	c->password = slice(colon + 1, n - c->login.n - 1);
	return true;
}

/* An account that is not there or disabled takes as long as any other. */
static enum err
check(struct request *r, const struct credentials *c)
{
	struct account *a = NULL;
	enum err e = account_read(&a, r->server->store, c->login);

	if (e != ERR_OK && e != ERR_NO_STREAM)
		return e;
	/* A new store gets this account in a moment. */
	if (e == ERR_NO_STREAM && slice_is(c->login, ACCOUNT_ADMIN) &&
	    !atomic_load(&r->server->has_accounts))
		return ERR_UNAVAILABLE;
	e = ERR_DENIED;
	if (account_has_password(a, c->password, ACCOUNT_DEFAULT_COST) &&
	    !a->is_disabled)
		e = account_identity(a, &r->who);
	account_free(&a);
	return e;
}

bool
auth_check(struct request *r)
{
	struct credentials c;
	enum err e = ERR_DENIED;

	if (!request_has(r, HEADER_AUTHORIZATION))
		return true;
	if (parse(request_header(r, HEADER_AUTHORIZATION), &c))
		e = check(r, &c);
	explicit_bzero(c.text, sizeof(c.text));
	if (e == ERR_OK)
		return true;
	if (e == ERR_DENIED)
		reply_refuse_why(&r->reply, 401, "Unauthorized",
		    "Login or password is wrong, or the account is disabled.");
	else
		reply_error(&r->reply, e);
	return false;
}
