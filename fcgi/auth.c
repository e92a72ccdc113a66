#include "config.h"

#include <nettle/base64.h>

#include "fcgi/auth.h"
#include "fcgi/header.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/user.h"

/* "login:password", which is at most so long. */
#define MAX_CREDENTIALS (USER_MAX_LOGIN + 1 + USER_MAX_PASSWORD)

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

static enum err
check(struct request *r, const struct credentials *c)
{
	enum err e = user_read(&r->user, r->server->store, c->login);

	if (e != ERR_OK && e != ERR_NO_STREAM)
		return e;
	/* A new store gets this account in a moment. */
	if (e == ERR_NO_STREAM && slice_is(c->login, USER_ADMIN) &&
	    !atomic_load(&r->server->has_accounts))
		return ERR_UNAVAILABLE;
	return user_has_password(r->user, c->password) ? ERR_OK : ERR_DENIED;
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
	user_free(&r->user);
	if (e == ERR_DENIED)
		reply_refuse_why(&r->reply, 401, "Unauthorized",
		    "Login or password is wrong, or the account is disabled.");
	else
		reply_error(&r->reply, e);
	return false;
}
