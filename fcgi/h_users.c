/*
 * h_users - /users/: accounts (contract 4).
 */
#include "config.h"

#include "fcgi/auth.h"
#include "fcgi/media.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "fcgi/user_body.h"
#include "fcgi/user_doc.h"
#include "store/account.h"
#include "store/conf.h"
#include "store/identity.h"
#include "store/user_list.h"
#include "store/users.h"

/* What the reference calls what the store says. */
static const struct {
	enum err err;
	int status;
	const char *reason;
	const char *error;
} outcomes[] = {
    {ERR_OK, 200, "OK", "Success"},
    {ERR_NO_STREAM, 404, "Not Found", "NotFound"},
    {ERR_TAKEN, 409, "Conflict", "Conflict"},
    {ERR_DENIED, 401, "Unauthorized", "Unauthorized"},
    {ERR_CORRUPT, 500, "Internal Server Error", "Error"},
};

/* NULL: it has no name, and the reply is complete. */
static const char *
set_status(struct request *r, enum err e)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].err != e)
			continue;
		reply_status(&r->reply, outcomes[i].status, outcomes[i].reason);
		if (e == ERR_DENIED)
			reply_challenge(&r->reply);
		return outcomes[i].error;
	}
	reply_error(&r->reply, e);
	return NULL;
}

static void
print(struct request *r, struct user_doc *d)
{
	r->reply.content_type = media_content_type(r->wanted);
	user_doc_print(d, &r->reply.body, r->wanted.type == MEDIA_TEXT_XML);
	user_doc_fini(d);
}

static struct user_doc
new_doc(struct request *r)
{
	return (struct user_doc){.base = buf_slice(&r->base)};
}

static void
answer_update(struct request *r, struct slice login, enum err e)
{
	struct user_doc d = new_doc(r);
	const char *error = set_status(r, e);

	if (error == NULL)
		return;
	user_doc_update(&d, login, error);
	print(r, &d);
}

static void
answer_failure(struct request *r, enum err e)
{
	struct user_doc d = new_doc(r);
	const char *error = set_status(r, e);

	if (error == NULL)
		return;
	user_doc_failure(&d, error);
	print(r, &d);
}

/* What is shown is for who asked, and as it is now. */
static void
answer_document(struct request *r, struct user_doc *d)
{
	reply_header(
	    &r->reply, "Cache-Control", "max-age=0, no-cache, must-revalidate");
	reply_header(&r->reply, "Vary", "Accept");
	print(r, d);
}

static struct users
users_of(struct request *r)
{
	return (struct users){r->server->store, r->server->conf->password_cost};
}

static bool
is_admin(const struct request *r)
{
	return identity_has_role(r->who, slice_str(IDENTITY_ADMINS));
}

static void
list(struct request *r)
{
	struct user_doc d = new_doc(r);
	enum err e;

	if (!is_admin(r)) {
		answer_failure(r, ERR_DENIED);
		return;
	}
	user_doc_list_begin(&d);
	e = user_list_read(r->server->store, user_doc_list_add, &d);
	if (e == ERR_OK) {
		user_doc_list_end(&d);
		answer_document(r, &d);
	} else {
		answer_failure(r, e);
		user_doc_fini(&d);
	}
}

typedef void print_f(struct user_doc *, const struct account *);

static void
show(struct request *r, struct slice login, print_f *print_account)
{
	struct user_doc d = new_doc(r);
	struct account *a = NULL;
	enum err e = account_read(&a, r->server->store, login);

	if (e == ERR_OK) {
		print_account(&d, a);
		answer_document(r, &d);
	} else {
		answer_failure(r, e);
	}
	account_free(&a);
}

static void
get(struct request *r)
{
	struct slice login = r->args[0];

	if (is_admin(r) || slice_eq(identity_login(r->who), login))
		show(r, login, user_doc_details);
	else
		answer_failure(r, ERR_DENIED);
}

static void
get_current(struct request *r)
{
	if (r->who != NULL)
		show(r, identity_login(r->who), user_doc_current);
	else
		answer_failure(r, ERR_DENIED);
}

static void
refuse(struct request *r, const char *why)
{
	reply_refuse_why(&r->reply, 400, "Bad Request", why);
}

/* The login in the path, which may have matched as a literal. */
static struct slice
login_of(const struct request *r)
{
	return r->args[0].p != NULL ? r->args[0] : slice_str("$current");
}

struct command {
	bool has_login; /* in its path, where it counts */
	bool is_for_all;
	void (*run)(struct request *, struct user_body *);
};

/* Who may not do it learns nothing of what is wrong with the body. */
static void
with_body(struct request *r, const struct command *c)
{
	struct user_body b = {.ngroups = 0};
	enum err e;

	if (!request_read_body(r, USER_BODY_MAX))
		return;
	e = user_body_read(&b, buf_slice(&r->body), r->sent == MEDIA_TEXT_XML);
	if (c->has_login)
		b.login = login_of(r);
	if (!c->is_for_all && !is_admin(r))
		answer_update(r, b.login, ERR_DENIED);
	else if (e == ERR_INVALID)
		refuse(r, b.why);
	else if (e != ERR_OK)
		reply_error(&r->reply, e);
	else
		c->run(r, &b);
	user_body_fini(&b);
	if (r->body.n > 0)
		explicit_bzero(r->body.p, r->body.n);
}

static struct user_wish
wish_of(const struct user_body *b)
{
	return (struct user_wish){.login = b->login,
	    .full_name = b->full_name,
	    .groups = b->has_groups ? b->groups : NULL,
	    .ngroups = b->ngroups,
	    .password = b->password};
}

static void
add_location(struct request *r, struct slice login)
{
	struct buf *h = &r->reply.headers;

	buf_add_str(h, "Location: ");
	buf_add_slice(h, buf_slice(&r->base));
	buf_add_str(h, "/users/");
	uri_escape(h, login);
	buf_add_str(h, "\r\n");
}

static void
run_create(struct request *r, struct user_body *b)
{
	struct user_wish w = wish_of(b);
	struct users u = users_of(r);
	enum err e;

	if (!users_login_fits(w.login, b->why) ||
	    !users_details_fit(&w, b->why) ||
	    !users_password_fits(w.password, b->why)) {
		refuse(r, b->why);
		return;
	}
	if (!auth_enter(r, slice("", 0)))
		return;
	e = users_create(&u, &w);
	auth_leave(r, slice("", 0), AUTH_UNKNOWN);
	answer_update(r, w.login, e);
	if (e != ERR_OK)
		return;
	reply_status(&r->reply, 201, "Created");
	add_location(r, w.login);
}

static void
create(struct request *r)
{
	static const struct command c = {false, false, run_create};

	with_body(r, &c);
}

static void
run_update(struct request *r, struct user_body *b)
{
	struct user_wish w = wish_of(b);
	struct users u = users_of(r);

	if (users_details_fit(&w, b->why))
		answer_update(r, w.login, users_update(&u, &w));
	else
		refuse(r, b->why);
}

static void
update(struct request *r)
{
	static const struct command c = {true, false, run_update};

	with_body(r, &c);
}

static void
run_reset(struct request *r, struct user_body *b)
{
	struct users u = users_of(r);
	enum err e;

	if (!users_password_fits(b->new_password, b->why)) {
		refuse(r, b->why);
		return;
	}
	if (!auth_enter(r, slice("", 0)))
		return;
	e = users_reset_password(&u, b->login, b->new_password);
	auth_leave(r, slice("", 0), AUTH_UNKNOWN);
	answer_update(r, b->login, e);
}

static void
reset_password(struct request *r)
{
	static const struct command c = {true, false, run_reset};

	with_body(r, &c);
}

/* As a login is: here a password can be guessed, too. */
static enum err
try_change(
    struct request *r, struct slice login, const struct users_passwords *p)
{
	struct users u = users_of(r);
	enum err e = users_change_password(&u, login, p);
	enum auth_outcome outcome = AUTH_UNKNOWN;

	if (e == ERR_OK)
		outcome = AUTH_PASSED;
	else if (e == ERR_DENIED || e == ERR_NO_STREAM)
		outcome = AUTH_FAILED;
	auth_leave(r, login, outcome);
	return e;
}

/* Only an administrator learns whether there is such an account. */
static void
run_change(struct request *r, struct user_body *b)
{
	struct users_passwords p = {b->current_password, b->new_password};
	enum err e;

	if (p.current.p == NULL) {
		refuse(
		    r, "\"currentPassword\" and \"newPassword\" are needed.");
		return;
	}
	if (!users_password_fits(p.wanted, b->why)) {
		refuse(r, b->why);
		return;
	}
	if (!auth_enter(r, b->login))
		return;
	e = try_change(r, b->login, &p);
	if (e == ERR_NO_STREAM && !is_admin(r))
		e = ERR_DENIED;
	answer_update(r, b->login, e);
}

static void
change_password(struct request *r)
{
	static const struct command c = {true, true, run_change};

	with_body(r, &c);
}

typedef enum err users_f(const struct users *, struct slice login);

static void
run(struct request *r, users_f *f)
{
	struct slice login = login_of(r);
	struct users u = users_of(r);

	answer_update(r, login, is_admin(r) ? f(&u, login) : ERR_DENIED);
}

static void
delete_account(struct request *r)
{
	run(r, users_delete);
}

static void
disable(struct request *r)
{
	run(r, users_disable);
}

static void
enable(struct request *r)
{
	run(r, users_enable);
}

/* PUT is what newer documentation says. */
const struct resource h_users_resources[] = {
    {"/users", "GET, POST, OPTIONS",
	{{"GET", NULL, &media_jx, list},
	    {"POST", &media_jx, &media_jx, create}}},
    {"/users/", "GET, POST, OPTIONS",
	{{"GET", NULL, &media_jx, list},
	    {"POST", &media_jx, &media_jx, create}}},
    {"/users/$current", "GET, PUT, DELETE, OPTIONS",
	{{"GET", NULL, &media_jx, get_current},
	    {"PUT", &media_jx, &media_jx, update},
	    {"DELETE", NULL, &media_jx, delete_account}}},
    {"/users/*", "GET, PUT, DELETE, OPTIONS",
	{{"GET", NULL, &media_jx, get}, {"PUT", &media_jx, &media_jx, update},
	    {"DELETE", NULL, &media_jx, delete_account}}},
    {"/users/*/command/disable", "POST, OPTIONS",
	{{"POST", NULL, &media_jx, disable},
	    {"PUT", NULL, &media_jx, disable}}},
    {"/users/*/command/enable", "POST, OPTIONS",
	{{"POST", NULL, &media_jx, enable}, {"PUT", NULL, &media_jx, enable}}},
    {"/users/*/command/reset-password", "POST, OPTIONS",
	{{"POST", &media_jx, &media_jx, reset_password}}},
    {"/users/*/command/change-password", "POST, OPTIONS",
	{{"POST", &media_jx, &media_jx, change_password}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
