#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/account.h"
#include "store/own_event.h"
#include "store/user_list.h"
#include "store/users.h"
#include "tests/unit/fixture_agent.h"

#define COST    ACCOUNT_MIN_COST /* the least work */
#define THREADS 6
#define CHANGES 8 /* of each thread */
#define ACL                                                            \
	"{\"$acl\":{\"$w\":\"$admins\",\"$d\":\"$admins\",\"$mw\":\"$" \
	"admins\"}}"

static struct users
users_of(void **state)
{
	struct node *n = *state;

	return (struct users){n->f.store, COST};
}

static struct user_wish
ann(const char *password)
{
	static const struct slice groups[] = {{"a", 1}, {"b", 1}};

	return (struct user_wish){.login = slice_str("ann"),
	    .full_name = slice_str("Ann A"),
	    .groups = groups,
	    .ngroups = 2,
	    .password = slice_str(password)};
}

static void
create_ann(struct users *u)
{
	struct user_wish w = ann("first");

	assert_int_equal(users_create(u, &w), ERR_OK);
}

struct reading {
	const char *stream;
	struct page *page;
};

static enum err
read_stream(struct txn *tx, void *arg)
{
	struct reading *r = arg;
	struct stream_range all = {0, 1000};
	struct stream s;
	enum err e;

	page_reset(r->page);
	if ((e = stream_lookup(tx, slice_str(r->stream), &s)) != ERR_OK)
		return e;
	return stream_page(tx, &s, &all, r->page);
}

/* The types of a stream's events that can be read, "a,b,". */
static void
has_types(struct users *u, const char *stream, const char *expected)
{
	struct reading r = {stream, page_new()};
	struct buf types = {0};
	size_t i;

	stream_run(u->store, read_stream, &r);
	for (i = 0; i < page_count(r.page); i++) {
		buf_add_slice(&types, page_entry(r.page, i)->event.type);
		buf_add_char(&types, ',');
	}
	buf_add_char(&types, '\0');
	assert_string_equal(types.p, expected);
	buf_fini(&types);
	page_free(&r.page);
}

/* What a stream's newest event says. */
static void
ends_with(struct users *u, const char *stream, const char *expected)
{
	struct reading r = {stream, page_new()};
	size_t n;

	assert_int_equal(stream_run(u->store, read_stream, &r), ERR_OK);
	n = page_count(r.page);
	assert_true(n > 0);
	if (!slice_is(page_entry(r.page, n - 1)->event.data, expected))
		fail_msg("%s ends with %.*s", stream,
		    (int)page_entry(r.page, n - 1)->event.data.n,
		    page_entry(r.page, n - 1)->event.data.p);
	page_free(&r.page);
}

static bool
has_password(struct users *u, const char *password)
{
	struct account *a = NULL;
	bool has;

	assert_int_equal(account_read(&a, u->store, slice_str("ann")), ERR_OK);
	has = account_has_password(a, slice_str(password), COST);
	account_free(&a);
	return has;
}

static void
a_new_account_is_three_events(void **state)
{
	struct users u = users_of(state);

	create_ann(&u);
	has_types(&u, "$$$user-ann", "$metadata,");
	ends_with(&u, "$$$user-ann", ACL);
	has_types(&u, "$user-ann", "$UserCreated,");
	has_types(&u, "$users", "$User,");
	ends_with(&u, "$users", "ann");
	assert_true(has_password(&u, "first"));
	assert_false(has_password(&u, "second"));
}

static void
made_again_with_the_same_password_nothing_changes(void **state)
{
	struct users u = users_of(state);
	struct user_wish w = ann("first");

	create_ann(&u);
	w.full_name = slice_str("Somebody else");
	assert_int_equal(users_create(&u, &w), ERR_OK);
	has_types(&u, "$user-ann", "$UserCreated,");
	has_types(&u, "$users", "$User,");
	w = ann("second");
	assert_int_equal(users_create(&u, &w), ERR_TAKEN);
	assert_true(has_password(&u, "first"));
}

static void
what_was_cut_short_is_completed_by_making_it_again(void **state)
{
	struct users u = users_of(state);
	struct node *n = *state;
	struct user_wish w = ann("first");
	char hash[ACCOUNT_HASH_SIZE];
	struct account a = {.login = w.login};
	struct buf data = {0};
	struct event ev = {
	    .type = slice_str("$UserCreated"), .flags = EVENT_DATA_IS_JSON};

	fixture_describe(&n->f, "$user-ann", ACL);
	assert_int_equal(account_hash(hash, w.password, COST), ERR_OK);
	a.hash = slice_str(hash);
	account_print(&data, &a);
	ev.data = buf_slice(&data);
	guid_random(&ev.id);
	fixture_put(&n->f, "$user-ann", &ev);
	buf_fini(&data);
	has_types(&u, "$users", "");
	create_ann(&u);
	has_types(&u, "$users", "$User,");
	has_types(&u, "$user-ann", "$UserCreated,");
}

static void
rights_that_were_set_before_are_kept(void **state)
{
	struct users u = users_of(state);
	struct node *n = *state;

	fixture_describe(&n->f, "$user-ann", "{\"$acl\":{\"$r\":\"ann\"}}");
	create_ann(&u);
	ends_with(&u, "$$$user-ann", "{\"$acl\":{\"$r\":\"ann\"}}");
}

static void
changes_are_further_events(void **state)
{
	struct users u = users_of(state);
	struct user_wish w = {.login = slice_str("ann")};
	struct account *a = NULL;

	create_ann(&u);
	assert_int_equal(users_update(&u, &w), ERR_OK);
	assert_int_equal(users_disable(&u, w.login), ERR_OK);
	has_types(&u, "$user-ann", "$UserCreated,$UserUpdated,$UserUpdated,");
	assert_int_equal(account_read(&a, u.store, w.login), ERR_OK);
	assert_null(a->full_name.p);
	assert_null(a->groups);
	assert_true(a->is_disabled);
	account_free(&a);
	assert_true(has_password(&u, "first"));
	assert_int_equal(users_disable(&u, w.login), ERR_OK);
	assert_int_equal(users_enable(&u, w.login), ERR_OK);
	has_types(&u, "$user-ann",
	    "$UserCreated,$UserUpdated,$UserUpdated,$UserUpdated,");
	assert_int_equal(account_read(&a, u.store, w.login), ERR_OK);
	assert_false(a->is_disabled);
	account_free(&a);
}

static void
who_remembers_a_password_is_told_to_forget_it(void **state)
{
	struct users u = users_of(state);
	struct slice login = slice_str("ann");
	const char *stream = "$users-password-notifications";

	create_ann(&u);
	has_types(&u, stream, "");
	users_reset_password(&u, login, slice_str("second"));
	has_types(&u, stream, "$PasswordChanged,");
	ends_with(&u, stream, "{\n  \"loginName\": \"ann\"\n}");
	users_disable(&u, login);
	has_types(&u, stream, "$PasswordChanged,$PasswordChanged,");
	users_delete(&u, login);
	has_types(
	    &u, stream, "$PasswordChanged,$PasswordChanged,$PasswordChanged,");
	has_types(&u, "$$$users-password-notifications", "$metadata,");
	ends_with(&u, "$$$users-password-notifications", "{\"$maxAge\":3600}");
}

static enum err
change(struct users *u, const char *current, const char *wanted)
{
	struct users_passwords p = {slice_str(current), slice_str(wanted)};

	return users_change_password(u, slice_str("ann"), &p);
}

static void
who_knows_the_password_can_change_it(void **state)
{
	struct users u = users_of(state);

	assert_int_equal(change(&u, "first", "second"), ERR_NO_STREAM);
	create_ann(&u);
	assert_int_equal(change(&u, "wrong", "second"), ERR_DENIED);
	assert_int_equal(change(&u, "", "second"), ERR_DENIED);
	assert_true(has_password(&u, "first"));
	assert_int_equal(change(&u, "first", "second"), ERR_OK);
	assert_true(has_password(&u, "second"));
	/* As a client does that got no answer. */
	assert_int_equal(change(&u, "first", "second"), ERR_OK);
	assert_int_equal(change(&u, "first", "third"), ERR_DENIED);
	users_disable(&u, slice_str("ann"));
	assert_int_equal(change(&u, "second", "third"), ERR_DENIED);
}

static void
who_is_not_there_cannot_be_changed(void **state)
{
	struct users u = users_of(state);
	struct slice nobody = slice_str("nobody");
	struct user_wish w = {.login = nobody};

	assert_int_equal(users_update(&u, &w), ERR_NO_STREAM);
	assert_int_equal(users_disable(&u, nobody), ERR_NO_STREAM);
	assert_int_equal(users_enable(&u, nobody), ERR_NO_STREAM);
	assert_int_equal(users_delete(&u, nobody), ERR_NO_STREAM);
	assert_int_equal(
	    users_reset_password(&u, nobody, slice_str("x")), ERR_NO_STREAM);
	has_types(&u, "$user-nobody", "");
	has_types(&u, "$users-password-notifications", "");
}

static void
a_login_can_be_used_again(void **state)
{
	struct users u = users_of(state);
	struct user_wish w = ann("second");
	struct account *a = NULL;

	create_ann(&u);
	assert_int_equal(users_delete(&u, w.login), ERR_OK);
	assert_int_equal(account_read(&a, u.store, w.login), ERR_NO_STREAM);
	assert_int_equal(users_delete(&u, w.login), ERR_NO_STREAM);
	assert_int_equal(users_create(&u, &w), ERR_OK);
	assert_int_equal(account_read(&a, u.store, w.login), ERR_OK);
	assert_int_equal(a->mark.number, 1);
	account_free(&a);
	assert_true(has_password(&u, "second"));
	has_types(&u, "$user-ann", "$UserCreated,");
	ends_with(&u, "$$$user-ann",
	    "{\"$acl\":{\"$w\":\"$admins\",\"$d\":\"$admins\",\"$mw\":"
	    "\"$admins\"},\"$tb\":1}");
	has_types(&u, "$users", "$User,");
}

/* Who wanted to change it read it before it was deleted. */
static void
a_change_does_not_bring_a_deleted_account_back(void **state)
{
	struct users u = users_of(state);
	struct account *a = NULL;

	create_ann(&u);
	assert_int_equal(account_read(&a, u.store, slice_str("ann")), ERR_OK);
	assert_int_equal(users_delete(&u, a->login), ERR_OK);
	assert_int_equal(account_update(u.store, a), ERR_DELETED);
	account_free(&a);
	assert_int_equal(
	    account_read(&a, u.store, slice_str("ann")), ERR_NO_STREAM);
}

static void
what_is_no_account_can_be_deleted_and_made_anew(void **state)
{
	struct users u = users_of(state);
	struct user_wish w = ann("first");
	struct node *n = *state;
	struct event ev = {.type = slice_str("x"), .data = slice_str("junk")};

	guid_random(&ev.id);
	fixture_put(&n->f, "$user-ann", &ev);
	assert_int_equal(users_create(&u, &w), ERR_CORRUPT);
	assert_int_equal(users_delete(&u, w.login), ERR_OK);
	create_ann(&u);
	assert_true(has_password(&u, "first"));
}

/* One of several that work on ann at once. */
struct hand {
	struct users users;
	unsigned int index;
	pthread_t thread;
	enum err e;
};

static void
run_hands(struct users *u, struct hand *hands, void *(*body)(void *))
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){.users = *u, .index = i};
		assert_int_equal(
		    pthread_create(&hands[i].thread, NULL, body, &hands[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(hands[i].thread, NULL), 0);
}

static void *
create_mine(void *arg)
{
	struct hand *h = arg;
	char password[] = {(char)('a' + h->index), '\0'};
	struct user_wish w = ann(password);

	h->e = users_create(&h->users, &w);
	return NULL;
}

static void
of_several_who_make_it_at_once_one_does(void **state)
{
	struct users u = users_of(state);
	struct hand hands[THREADS];
	unsigned int i, made = 0;

	run_hands(&u, hands, create_mine);
	for (i = 0; i < THREADS; i++) {
		made += hands[i].e == ERR_OK;
		assert_true(hands[i].e == ERR_OK || hands[i].e == ERR_TAKEN);
	}
	assert_int_equal(made, 1);
	has_types(&u, "$user-ann", "$UserCreated,");
	has_types(&u, "$users", "$User,");
}

/* The first hand disables it, the others give it other names. */
static void *
change_it(void *arg)
{
	struct hand *h = arg;
	struct user_wish w = ann("first");
	unsigned int i;

	if (h->index == 0)
		h->e = users_disable(&h->users, w.login);
	for (i = 0; i < CHANGES && h->index > 0 && h->e == ERR_OK; i++)
		h->e = users_update(&h->users, &w);
	return NULL;
}

static void
no_change_undoes_another(void **state)
{
	struct users u = users_of(state);
	struct hand hands[THREADS];
	struct account *a = NULL;
	unsigned int i;

	create_ann(&u);
	run_hands(&u, hands, change_it);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(hands[i].e, ERR_OK);
	assert_int_equal(account_read(&a, u.store, slice_str("ann")), ERR_OK);
	assert_true(a->is_disabled);
	assert_int_equal(a->mark.number, 1 + CHANGES * (THREADS - 1));
	account_free(&a);
}

static void
add_login(void *arg, const struct account *a)
{
	buf_add_slice(arg, a->login);
	buf_add_char(arg, ',');
}

static void
are_listed(struct users *u, const char *expected)
{
	struct buf logins = {0};

	assert_int_equal(user_list_read(u->store, add_login, &logins), ERR_OK);
	buf_add_char(&logins, '\0');
	assert_string_equal(logins.p, expected);
	buf_fini(&logins);
}

static void
create_of(struct users *u, const char *login)
{
	struct user_wish w = ann("first");

	w.login = slice_str(login);
	assert_int_equal(users_create(u, &w), ERR_OK);
}

static void
put_login(struct node *n, struct slice login)
{
	struct event ev = {.type = slice_str("$User"), .data = login};

	guid_random(&ev.id);
	fixture_put(&n->f, "$users", &ev);
}

/* $users has three pages here, and much that is no account. */
static void
accounts_are_listed_in_order_and_once(void **state)
{
	struct users u = users_of(state);
	struct node *n = *state;

	are_listed(&u, "");
	create_of(&u, "zoe");
	create_of(&u, "gone");
	put_login(n, slice_str("zoe"));
	put_login(n, slice("z\0e", 3));
	put_login(n, slice("", 0));
	fixture_fill(&n->f, "$users", 600, 10);
	create_of(&u, "bob");
	create_of(&u, "\xc3\xa4");
	create_of(&u, "Bob");
	users_delete(&u, slice_str("gone"));
	users_disable(&u, slice_str("bob"));
	are_listed(&u, "Bob,bob,zoe,\xc3\xa4,");
}

static void
logins_within_the_limits(void **state)
{
	static const char *const good[] = {"a", "a b", "\xc3\xa4/%", "a$"};
	static const char *const bad[] = {"", "$a", "$current", "$admins",
	    "a:b", ":", "a\n", "\x7f", "\xff", "a\xc3"};
	char long_login[ACCOUNT_MAX_LOGIN + 1], why[USERS_WHY_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(users_login_fits(slice_str(good[i]), why));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(users_login_fits(slice_str(bad[i]), why));
	memset(long_login, 'a', sizeof(long_login));
	assert_true(
	    users_login_fits(slice(long_login, ACCOUNT_MAX_LOGIN), why));
	assert_false(
	    users_login_fits(slice(long_login, ACCOUNT_MAX_LOGIN + 1), why));
	assert_string_equal(why, "A login may have at most 200 bytes.");
}

static void
passwords_within_the_limits(void **state)
{
	char text[ACCOUNT_MAX_PASSWORD + 1], why[USERS_WHY_SIZE];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(users_password_fits(slice_str(" : \xc3\xa4"), why));
	assert_true(
	    users_password_fits(slice(text, ACCOUNT_MAX_PASSWORD), why));
	assert_false(
	    users_password_fits(slice(text, ACCOUNT_MAX_PASSWORD + 1), why));
	assert_false(users_password_fits(slice(NULL, 0), why));
	assert_false(users_password_fits(slice("a\0b", 3), why));
	assert_false(users_password_fits(slice_str("a\tb"), why));
}

static void
details_within_the_limits(void **state)
{
	static char text[8192];
	struct slice groups[USERS_MAX_GROUPS];
	struct user_wish w = {.login = slice_str("ann"), .groups = groups};
	char why[USERS_WHY_SIZE];
	size_t i;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(users_details_fit(&w, why));
	w.full_name = slice(text, USERS_MAX_FULL_NAME);
	assert_true(users_details_fit(&w, why));
	w.full_name = slice(text, USERS_MAX_FULL_NAME + 1);
	assert_false(users_details_fit(&w, why));
	w.full_name = slice_str("a\x01");
	assert_false(users_details_fit(&w, why));
	w.full_name = slice(NULL, 0);
	w.ngroups = 1;
	groups[0] = slice_str("");
	assert_false(users_details_fit(&w, why));
	groups[0] = slice(text, sizeof(text));
	assert_false(users_details_fit(&w, why));
	for (i = 0; i < USERS_MAX_GROUPS; i++)
		groups[i] = slice(text, 25);
	w.ngroups = USERS_MAX_GROUPS;
	assert_true(users_details_fit(&w, why));
}

#define STORE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, node_setup_open, node_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_new_account_is_three_events),
	    STORE_TEST(made_again_with_the_same_password_nothing_changes),
	    STORE_TEST(what_was_cut_short_is_completed_by_making_it_again),
	    STORE_TEST(rights_that_were_set_before_are_kept),
	    STORE_TEST(changes_are_further_events),
	    STORE_TEST(who_remembers_a_password_is_told_to_forget_it),
	    STORE_TEST(who_knows_the_password_can_change_it),
	    STORE_TEST(who_is_not_there_cannot_be_changed),
	    STORE_TEST(a_login_can_be_used_again),
	    STORE_TEST(a_change_does_not_bring_a_deleted_account_back),
	    STORE_TEST(what_is_no_account_can_be_deleted_and_made_anew),
	    STORE_TEST(of_several_who_make_it_at_once_one_does),
	    STORE_TEST(no_change_undoes_another),
	    STORE_TEST(accounts_are_listed_in_order_and_once),
	    cmocka_unit_test(logins_within_the_limits),
	    cmocka_unit_test(passwords_within_the_limits),
	    cmocka_unit_test(details_within_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
