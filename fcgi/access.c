#include "config.h"

#include "fcgi/access.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/user.h"
#include "store/json.h"
#include "store/stream.h"

#define EVERYBODY "$all"

/* The list that decides: of the stream's $acl, or the built-in default. */
struct rule {
	struct json_value list;
	bool is_given;
	const char *otherwise; /* the only role, if no list is given */
};

static struct json_value
find_list(struct slice acl, const char *right, bool *found)
{
	struct json_value object = {JSON_OBJECT, acl}, v;
	struct json_value list = {JSON_NULL, {NULL, 0}};
	struct json_iter it;
	struct slice name;

	*found = false;
	if (acl.n == 0)
		return list;
	json_iter_init(&it, object);
	while (json_iter_member(&it, &name, &v))
		if (json_name_is(name, right)) {
			list = v;
			*found = true;
		}
	return list;
}

/* A metastream follows its base stream's rights to the metadata. */
static struct rule
find_rule(const struct stream *s, enum access_right right)
{
	static const char *const own[] = {"$r", "$w", "$d"};
	static const char *const meta[] = {"$mr", "$mw", NULL};
	bool is_meta = name_is_meta(s->name);
	struct slice name = is_meta ? name_base(s->name) : s->name;
	struct rule rule;

	rule.list = find_list(is_meta ? s->base.acl : s->settings.acl,
	    is_meta ? meta[right] : own[right], &rule.is_given);
	rule.otherwise = name_is_system(name) ? USER_ADMINS : EVERYBODY;
	return rule;
}

typedef bool role_f(const void *arg, struct slice role);

static bool
role_passes(struct json_value role, role_f *passes, const void *arg)
{
	struct buf text = {0};
	bool ok;

	json_unescape(&text, role.text);
	ok = passes(arg, buf_slice(&text));
	buf_fini(&text);
	return ok;
}

static bool
any_role(const struct rule *rule, role_f *passes, const void *arg)
{
	struct json_value role;
	struct json_iter it;

	if (!rule->is_given)
		return passes(arg, slice_str(rule->otherwise));
	if (rule->list.kind == JSON_STRING)
		return role_passes(rule->list, passes, arg);
	json_iter_init(&it, rule->list);
	while (json_iter_next(&it, &role))
		if (role_passes(role, passes, arg))
			return true;
	return false;
}

static bool
is_everybody(const void *arg, struct slice role)
{
	(void)arg;
	return slice_is(role, EVERYBODY);
}

static bool
is_users(const void *arg, struct slice role)
{
	return user_has_role(arg, role);
}

bool
access_allows(
    const struct user *u, const struct stream *s, enum access_right right)
{
	struct rule rule;

	if (right == ACCESS_DELETE && name_is_meta(s->name))
		return false;
	if (right != ACCESS_READ && slice_is(s->name, EVERYBODY))
		return false;
	rule = find_rule(s, right);
	if (any_role(&rule, is_everybody, NULL))
		return true;
	if (u == NULL)
		return false;
	return user_has_role(u, slice_str(USER_ADMINS)) ||
	       any_role(&rule, is_users, u);
}

struct question {
	const struct user *user;
	struct slice stream;
	enum access_right right;
};

static enum err
ask(struct txn *tx, void *arg)
{
	const struct question *q = arg;
	struct stream s;
	enum err e = stream_lookup(tx, q->stream, &s);

	if (e != ERR_OK && e != ERR_NO_STREAM && e != ERR_DELETED)
		return e;
	return access_allows(q->user, &s, q->right) ? ERR_OK : ERR_DENIED;
}

enum err
access_check(struct request *r, struct slice stream, enum access_right right)
{
	struct question q = {r->user, stream, right};

	return stream_run(r->server->store, ask, &q);
}

enum err
access_may_read(void *request, const struct stream *target)
{
	const struct request *r = request;

	return access_allows(r->user, target, ACCESS_READ) ? ERR_OK
							   : ERR_DENIED;
}

enum err
access_lookup(struct txn *tx, const struct request *r, struct slice name,
    struct stream *s)
{
	enum err e = stream_lookup(tx, name, s);

	if (e != ERR_OK && e != ERR_NO_STREAM && e != ERR_DELETED)
		return e;
	return access_allows(r->user, s, ACCESS_READ) ? e : ERR_DENIED;
}

bool
access_is_public(const struct stream *s)
{
	struct rule rule = find_rule(s, ACCESS_READ);

	return any_role(&rule, is_everybody, NULL);
}
