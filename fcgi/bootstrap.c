#include "config.h"

#include <jansson.h>
#include <stdlib.h>

#include "fcgi/bootstrap.h"
#include "fcgi/user.h"
#include "store/log.h"
#include "store/store.h"
#include "store/stream.h"

#define DEFAULT_PASSWORD "changeit"

#define ACCOUNTS_ACL                                        \
	"{\"$acl\":{\"$r\":\"$admins\",\"$w\":\"$admins\"," \
	"\"$d\":\"$admins\",\"$mr\":\"$admins\",\"$mw\":\"$admins\"}}"
#define ACCOUNT_ACL                                         \
	"{\"$acl\":{\"$w\":\"$admins\",\"$d\":\"$admins\"," \
	"\"$mw\":\"$admins\"}}"

struct first_event {
	const char *stream;
	const char *type;
	const char *data;
	bool is_json;
};

/*
 * The first event of a stream that must not be there yet.  Its id is always
 * the same, so whoever comes second finds it done.
 */
static enum err
write_first(struct store *st, const struct first_event *first)
{
	struct event ev = {.type = slice_str(first->type),
	    .data = slice_str(first->data),
	    .flags = first->is_json ? EVENT_DATA_IS_JSON : 0};
	struct new_event ne;
	struct append a = {.kind = APPEND_EVENTS,
	    .stream = slice_str(first->stream),
	    .expected = EXPECT_NO_STREAM,
	    .events = &ne,
	    .n = 1};
	enum err e;

	guid_from_name(&ev.id, a.stream);
	if ((e = new_event_init(&ne, &ev)) != ERR_OK)
		return e;
	e = stream_append(st, &a);
	new_event_fini(&ne);
	return e;
}

static char *
make_account(void)
{
	char hash[USER_HASH_SIZE], *text;
	json_t *account;

	if (user_hash(hash, slice_str(DEFAULT_PASSWORD)) != ERR_OK)
		return NULL;
	account = json_pack("{s:s, s:s, s:s, s:[s]}", "loginName", USER_ADMIN,
	    "fullName", "Event Store Administrator", "password", hash, "groups",
	    USER_ADMINS);
	text = json_dumps(account, JSON_INDENT(2));
	json_decref(account);
	return text;
}

static enum err
write_all(struct store *st)
{
	char *account = make_account();
	/* The last one is what has_users() looks for. */
	const struct first_event events[] = {
	    {"$$$user-" USER_ADMIN, "$metadata", ACCOUNT_ACL, true},
	    {"$user-" USER_ADMIN, "$UserCreated", account, true},
	    {"$$$users", "$metadata", ACCOUNTS_ACL, true},
	    {"$users", "$User", USER_ADMIN, false},
	};
	enum err e = account == NULL ? ERR_NO_MEMORY : ERR_OK;
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (e == ERR_OK)
			e = write_first(st, &events[i]);
	free(account);
	return e;
}

static enum err
has_users(struct txn *tx, void *arg)
{
	struct stream s;

	(void)arg;
	return stream_lookup(tx, slice_str("$users"), &s);
}

static void
warn_of_default(struct store *st)
{
	struct user *admin = NULL;

	if (user_read(&admin, st, slice_str(USER_ADMIN)) == ERR_OK &&
	    user_has_password(admin, slice_str(DEFAULT_PASSWORD)))
		log_warn("users",
		    "the account " USER_ADMIN " still has the default "
		    "password: change it");
	user_free(&admin);
}

enum err
bootstrap_run(struct store *st)
{
	enum err e = stream_run(st, has_users, NULL);

	if (e == ERR_NO_STREAM)
		e = write_all(st);
	if (e == ERR_OK)
		warn_of_default(st);
	return e == ERR_DELETED ? ERR_OK : e;
}
