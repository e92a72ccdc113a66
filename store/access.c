#include "config.h"

#include "store/access.h"
#include "store/buf.h"
#include "store/defaults.h"
#include "store/identity.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/stream.h"

#define EVERYBODY "$all"

/* The list that decides. */
struct rule {
	struct json_value list;
	struct defaults *defaults; /* held, if the list is one of theirs */
	const char *otherwise;     /* the only role, without any list */
};

static bool
find_list(struct slice acl, const char *right, struct json_value *list)
{
	struct json_value object = {JSON_OBJECT, acl}, v;
	struct json_iter it;
	struct slice name;
	bool found = false;

	if (acl.n == 0)
		return false;
	json_iter_init(&it, object);
	while (json_iter_member(&it, &name, &v))
		if (settings_name_is(name, right)) {
			*list = v;
			found = true;
		}
	return found;
}

/* A metastream follows its base stream's rights to the metadata. */
static enum err
rule_init(struct rule *rule, struct txn *tx, const struct access_subject *s,
    enum access_right right)
{
	static const char *const own[] = {"$r", "$w", "$d"};
	static const char *const meta[] = {"$mr", "$mw", NULL};
	bool is_meta = name_is_meta(s->name);
	bool is_system = name_is_system(is_meta ? name_base(s->name) : s->name);
	const char *name = is_meta ? meta[right] : own[right];
	enum err e;

	*rule =
	    (struct rule){.otherwise = is_system ? IDENTITY_ADMINS : EVERYBODY};
	if (find_list(s->acl, name, &rule->list))
		return ERR_OK;
	if ((e = defaults_hold(tx, &rule->defaults)) != ERR_OK)
		return e;
	if (find_list(
		defaults_acl(rule->defaults, is_system), name, &rule->list))
		return ERR_OK;
	defaults_release(&rule->defaults);
	return ERR_OK;
}

static void
rule_fini(struct rule *rule)
{
	defaults_release(&rule->defaults);
}

/* Of a role as it stands between the quotes of a document. */
typedef bool role_f(const void *arg, struct slice raw);

static bool
role_passes(struct json_value role, role_f *passes, const void *arg)
{
	return passes(arg, slice(role.text.p + 1, role.text.n - 2));
}

static bool
any_role(const struct rule *rule, role_f *passes, const void *arg)
{
	struct json_value role;
	struct json_iter it;

	if (rule->list.text.n == 0)
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
is_everybody(const void *arg, struct slice raw)
{
	(void)arg;
	return json_says(raw, slice_str(EVERYBODY));
}

static bool
is_of(const void *who, struct slice raw)
{
	struct slice role;
	size_t i;

	for (i = 0; identity_role(who, i, &role); i++)
		if (json_says_in_any_case(raw, role))
			return true;
	return false;
}

static bool
rule_is_public(const struct rule *rule)
{
	return any_role(rule, is_everybody, NULL);
}

static bool
rule_lets(const struct rule *rule, const struct identity *who)
{
	return rule_is_public(rule) || identity_is_server(who) ||
	       identity_has_role(who, slice_str(IDENTITY_ADMINS)) ||
	       any_role(rule, is_of, who);
}

/* What nobody may, whatever the lists say. */
static bool
is_out_of_question(const struct access_subject *s, enum access_right right)
{
	if (right == ACCESS_DELETE && name_is_meta(s->name))
		return true;
	return right != ACCESS_READ && slice_is(s->name, EVERYBODY);
}

enum err
access_check(struct txn *tx, const struct access_subject *s,
    const struct identity *who, enum access_right right)
{
	struct rule rule;
	enum err e;

	if (is_out_of_question(s, right))
		return ERR_DENIED;
	if ((e = rule_init(&rule, tx, s, right)) != ERR_OK)
		return e;
	e = rule_lets(&rule, who) ? ERR_OK : ERR_DENIED;
	rule_fini(&rule);
	return e;
}

enum err
access_read(struct txn *tx, const struct identity *who, struct stream *s)
{
	struct access_subject subject = {
	    s->name, name_is_meta(s->name) ? s->base.acl : s->settings.acl};
	struct rule rule;
	enum err e;

	if ((e = rule_init(&rule, tx, &subject, ACCESS_READ)) != ERR_OK)
		return e;
	s->is_public = rule_is_public(&rule);
	e = rule_lets(&rule, who) ? ERR_OK : ERR_DENIED;
	rule_fini(&rule);
	return e;
}

enum err
access_lookup(struct txn *tx, const struct identity *who, struct slice name,
    struct stream *s)
{
	enum err e = stream_lookup(tx, name, s), access;

	if (e != ERR_OK && e != ERR_NO_STREAM && e != ERR_DELETED)
		return e;
	access = access_read(tx, who, s);
	return access != ERR_OK ? access : e;
}

struct reader {
	const struct identity *who;
	struct stream *stream; /* whose links are followed */
};

static enum err
may_read(struct txn *tx, void *arg, struct stream *target)
{
	struct reader *r = arg;
	enum err e = access_read(tx, r->who, target);

	r->stream->is_public = r->stream->is_public && target->is_public;
	return e;
}

enum err
access_resolve(struct txn *tx, const struct identity *who, struct stream *s,
    struct page *pg)
{
	struct reader r = {who, s};

	return stream_resolve(tx, pg, may_read, &r);
}
