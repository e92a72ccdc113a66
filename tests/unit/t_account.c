#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/account.h"
#include "store/alloc.h"
#include "store/identity.h"
#include "tests/unit/fixture_store.h"

#define COST ACCOUNT_MIN_COST /* the least work */

static enum err
parse(struct account **a, const char *login, const char *document)
{
	struct event ev = {.data = slice_str(document), .number = 3};

	return account_parse(a, slice_str(login), &ev);
}

static void
an_account_is_read_from_its_event(void **state)
{
	struct account *a = NULL;
	struct identity *id = NULL;

	(void)state;
	assert_int_equal(
	    parse(&a, "ann",
		"{\"loginName\":\"ann\",\"fullName\":\"A \\u00e4\","
		"\"password\":\"$y$x\",\"groups\":[\"a\",\"\",\"b\"],"
		"\"disabled\":true,\"more\":1}"),
	    ERR_OK);
	assert_true(slice_is(a->login, "ann"));
	assert_true(slice_is(a->full_name, "A \xc3\xa4"));
	assert_true(slice_is(a->hash, "$y$x"));
	assert_int_equal(a->ngroups, 3);
	assert_true(slice_is(a->groups[2], "b"));
	assert_true(a->is_disabled);
	assert_int_equal(a->mark.number, 3);
	assert_int_equal(account_identity(a, &id), ERR_OK);
	assert_true(identity_has_role(id, slice_str("ANN")));
	assert_true(identity_has_role(id, slice_str("b")));
	identity_free(&id);
	account_free(&a);
	assert_null(a);
}

static void
what_is_no_account_is_refused(void **state)
{
	static const char *const cases[] = {"", "1", "[]", "{}", "{",
	    "{\"loginName\":\"ann\"}", "{\"password\":\"$y$x\"}",
	    "{\"loginName\":\"bob\",\"password\":\"$y$x\"}",
	    "{\"loginName\":\"Ann\",\"password\":\"$y$x\"}",
	    "{\"loginName\":1,\"password\":\"$y$x\"}",
	    "{\"loginName\":\"ann\",\"password\":\"\"}",
	    "{\"loginName\":\"ann\",\"password\":\"$y\\u0000x\"}",
	    "{\"loginName\":\"ann\",\"password\":null}",
	    "{\"loginName\":\"ann\",\"password\":\"x\",\"groups\":\"a\"}",
	    "{\"loginName\":\"ann\",\"password\":\"x\",\"groups\":[1]}",
	    "{\"loginName\":\"ann\",\"password\":\"x\",\"disabled\":1}",
	    "{\"loginName\":\"ann\",\"password\":\"x\",\"fullName\":1}"};
	struct account *a = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(parse(&a, "ann", cases[i]), ERR_CORRUPT);
	assert_null(a);
}

static void
expect_printed(const struct account *a, const char *text)
{
	struct buf b = {0};

	account_print(&b, a);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p, text);
	buf_fini(&b);
}

static void
it_is_printed_as_the_reference_does(void **state)
{
	struct slice groups[] = {slice_str("a"), slice_str("\"b\"")};
	struct account a = {
	    .login = slice_str("ann"), .hash = slice_str("$y$x")};

	(void)state;
	expect_printed(
	    &a, "{\n  \"loginName\": \"ann\",\n  \"password\": \"$y$x\"\n}");
	a.full_name = slice_str("");
	a.groups = groups;
	a.is_disabled = true;
	expect_printed(&a,
	    "{\n  \"loginName\": \"ann\",\n  \"fullName\": \"\",\n"
	    "  \"password\": \"$y$x\",\n  \"disabled\": true,\n"
	    "  \"groups\": []\n}");
	a.ngroups = 2;
	a.is_disabled = false;
	expect_printed(&a,
	    "{\n  \"loginName\": \"ann\",\n  \"fullName\": \"\",\n"
	    "  \"password\": \"$y$x\",\n  \"groups\": [\n    \"a\",\n"
	    "    \"\\\"b\\\"\"\n  ]\n}");
}

static void
only_the_right_password_passes(void **state)
{
	char hash[ACCOUNT_HASH_SIZE];
	struct account a = {.login = slice_str("ann")};
	struct slice right = slice_str("p\xc3\xa4ss:word");

	(void)state;
	assert_int_equal(account_hash(hash, right, COST), ERR_OK);
	a.hash = slice_str(hash);
	assert_true(account_has_password(&a, right, COST));
	assert_false(account_has_password(&a, slice_str("other"), COST));
	assert_false(account_has_password(&a, slice("", 0), COST));
	assert_false(account_has_password(NULL, right, COST));
	/* Not even one that ends early. */
	assert_false(
	    account_has_password(&a, slice("p\xc3\xa4ss:word\0", 11), COST));
}

static void
older_kinds_of_hashes_pass_too(void **state)
{
	/* "pass", as crypt(5) makes of it with sha512crypt. */
	struct account a = {
	    .hash = slice_str("$6$abcdefgh$.Wd8gKGVv/NncIZyKrLIzwkMBRaL"
			      "8yZnKz4uttpMUnlKvNdwooVmeCTgyWEOW0Smhyp/"
			      "TUAtWmcz4ptHHh/u1/")};

	(void)state;
	assert_true(account_has_password(&a, slice_str("pass"), COST));
	assert_false(account_has_password(&a, slice_str("Pass"), COST));
	assert_true(account_hash_is_old(a.hash, COST));
}

static void
a_hash_that_libcrypt_does_not_know_lets_nobody_in(void **state)
{
	static const char *const hashes[] = {
	    "*", "*0", "!", "x", "$y$", "$9$a"};
	struct account a = {.login = slice_str("ann")};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(hashes); i++) {
		a.hash = slice_str(hashes[i]);
		assert_false(account_has_password(&a, slice_str("x"), COST));
		assert_false(account_has_password(&a, slice("", 0), COST));
	}
}

static void
a_hash_of_another_cost_is_old(void **state)
{
	char hash[ACCOUNT_HASH_SIZE];

	(void)state;
	assert_int_equal(account_hash(hash, slice_str("x"), 1), ERR_OK);
	assert_false(account_hash_is_old(slice_str(hash), 1));
	assert_true(account_hash_is_old(slice_str(hash), 2));
	assert_true(account_hash_is_old(slice_str("$6$abc$def"), 1));
	assert_true(account_hash_is_old(slice_str("$y$"), 1));
}

static void
what_is_no_password_is_never_hashed(void **state)
{
	char hash[ACCOUNT_HASH_SIZE], *text = xcalloc(1, 501);

	(void)state;
	memset(text, 'x', 501);
	assert_int_equal(account_hash(hash, slice(text, 500), 1), ERR_OK);
	assert_int_equal(account_hash(hash, slice(text, 501), 1), ERR_INVALID);
	assert_int_equal(account_hash(hash, slice("a\0b", 3), 1), ERR_INVALID);
	free(text);
}

/* In the store. */

struct look {
	const char *login;
	struct account *account;
};

static enum err
look_up(struct txn *tx, void *arg)
{
	struct look *l = arg;

	return account_lookup(tx, slice_str(l->login), &l->account);
}

static enum err
find(struct fixture *f, const char *login, struct account **a)
{
	struct look l = {.login = login};
	enum err e = fixture_run(f, TXN_READ, look_up, &l);

	*a = l.account;
	return e;
}

static void
write_account(struct fixture *f, const char *stream, const char *document)
{
	struct event ev = {.type = slice_str("$UserCreated"),
	    .data = slice_str(document),
	    .flags = EVENT_DATA_IS_JSON};

	guid_random(&ev.id);
	assert_int_equal(fixture_put(f, stream, &ev).outcome, ERR_OK);
}

static void
the_newest_event_counts(void **state)
{
	struct fixture *f = *state;
	struct account *a;

	assert_int_equal(find(f, "ann", &a), ERR_NO_STREAM);
	write_account(
	    f, "$user-ann", "{\"loginName\":\"ann\",\"password\":\"first\"}");
	assert_int_equal(find(f, "ann", &a), ERR_OK);
	assert_int_equal(a->mark.number, 0);
	account_free(&a);
	write_account(
	    f, "$user-ann", "{\"loginName\":\"ann\",\"password\":\"second\"}");
	assert_int_equal(find(f, "ann", &a), ERR_OK);
	assert_int_equal(a->mark.number, 1);
	assert_true(a->mark.stream_id > 0);
	assert_true(slice_is(a->hash, "second"));
	account_free(&a);
	fixture_delete(f, "$user-ann", APPEND_SOFT_DELETE, EXPECT_ANY);
	assert_int_equal(find(f, "ann", &a), ERR_NO_STREAM);
	fixture_delete(f, "$user-ann", APPEND_HARD_DELETE, EXPECT_ANY);
	assert_int_equal(find(f, "ann", &a), ERR_NO_STREAM);
}

static void
an_account_of_another_login_counts_for_nobody(void **state)
{
	struct account *a;

	write_account(
	    *state, "$user-bob", "{\"loginName\":\"ann\",\"password\":\"x\"}");
	assert_int_equal(find(*state, "bob", &a), ERR_CORRUPT);
	assert_null(a);
	assert_int_equal(find(*state, "", &a), ERR_NO_STREAM);
}

#define STORE_TEST(name)                 \
	cmocka_unit_test_setup_teardown( \
	    name, fixture_env_setup, fixture_env_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_account_is_read_from_its_event),
	    cmocka_unit_test(what_is_no_account_is_refused),
	    cmocka_unit_test(it_is_printed_as_the_reference_does),
	    cmocka_unit_test(only_the_right_password_passes),
	    cmocka_unit_test(older_kinds_of_hashes_pass_too),
	    cmocka_unit_test(a_hash_that_libcrypt_does_not_know_lets_nobody_in),
	    cmocka_unit_test(a_hash_of_another_cost_is_old),
	    cmocka_unit_test(what_is_no_password_is_never_hashed),
	    STORE_TEST(the_newest_event_counts),
	    STORE_TEST(an_account_of_another_login_counts_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
