#include "config.h"

#include "store/account.h"
#include "store/bootstrap.h"
#include "store/buf.h"
#include "store/identity.h"
#include "store/log.h"
#include "store/own_event.h"
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
	struct slice data;
	bool is_json;
};

/*
 * The first event of a stream that must not be there yet.  Its id is always
 * the same, so whoever comes second finds it done.
 */
static enum err
write_first(struct store *st, const struct first_event *first)
{
	struct own_event own = {.stream = slice_str(first->stream),
	    .expected = EXPECT_NO_STREAM,
	    .type = first->type,
	    .data = first->data,
	    .is_json = first->is_json};

	guid_from_name(&own.id, own.stream);
	return own_event_write(st, &own);
}

static enum err
print_admin(struct buf *b, unsigned int cost)
{
	struct slice groups[] = {slice_str(IDENTITY_ADMINS)};
	struct account a = {.login = slice_str(ACCOUNT_ADMIN),
	    .full_name = slice_str("Event Store Administrator"),
	    .groups = groups,
	    .ngroups = 1};
	char hash[ACCOUNT_HASH_SIZE];
	enum err e = account_hash(hash, slice_str(DEFAULT_PASSWORD), cost);

	if (e != ERR_OK)
		return e;
	a.hash = slice_str(hash);
	account_print(b, &a);
	return buf_failed(b) ? ERR_NO_MEMORY : ERR_OK;
}

static enum err
write_all(struct store *st, unsigned int cost)
{
	struct buf account = {0};
	enum err e = print_admin(&account, cost);
	/* The last one is what has_users() looks for. */
	const struct first_event events[] = {
	    {"$$$user-" ACCOUNT_ADMIN, "$metadata", slice_str(ACCOUNT_ACL),
		true},
	    {"$user-" ACCOUNT_ADMIN, "$UserCreated", buf_slice(&account), true},
	    {"$$$users", "$metadata", slice_str(ACCOUNTS_ACL), true},
	    {"$users", "$User", slice_str(ACCOUNT_ADMIN), false},
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (e == ERR_OK)
			e = write_first(st, &events[i]);
	buf_fini(&account);
	return e;
}

static enum err
has_users(struct txn *tx, void *arg)
{
	struct stream s;

	(void)arg;
	return stream_lookup(tx, slice_str("$users"), &s);
}

enum err
bootstrap_run(struct store *st, unsigned int cost)
{
	enum err e = stream_run(st, has_users, NULL);

	if (e == ERR_NO_STREAM)
		e = write_all(st, cost);
	return e == ERR_DELETED ? ERR_OK : e;
}

void
bootstrap_warn(struct store *st)
{
	struct account *admin = NULL;

	if (account_read(&admin, st, slice_str(ACCOUNT_ADMIN)) == ERR_OK &&
	    account_has_password(
		admin, slice_str(DEFAULT_PASSWORD), ACCOUNT_DEFAULT_COST))
		log_warn("users",
		    "the account " ACCOUNT_ADMIN " still has the default "
		    "password: change it");
	account_free(&admin);
}
