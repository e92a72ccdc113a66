#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/identity.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct identity *
make(const char *login, const char *group, const char *other)
{
	struct slice groups[] = {slice_str(group), slice_str(other)};
	struct identity_parts parts = {slice_str(login), groups, 2};
	struct identity *id = NULL;

	assert_int_equal(identity_new(&id, &parts), ERR_OK);
	return id;
}

static bool
has(const struct identity *id, const char *role)
{
	return identity_has_role(id, slice_str(role));
}

static void
login_and_groups_are_roles_in_any_case(void **state)
{
	struct identity *id = make("Ann", "staff", "$ops");

	(void)state;
	assert_true(slice_is(identity_login(id), "Ann"));
	assert_true(has(id, "Ann"));
	assert_true(has(id, "aNN"));
	assert_true(has(id, "STAFF"));
	assert_true(has(id, "$ops"));
	assert_false(has(id, "ops"));
	assert_false(has(id, "staf"));
	assert_false(has(id, "staffs"));
	assert_false(has(id, ""));
	assert_false(has(id, "$admins"));
	identity_free(&id);
	assert_null(id);
}

static void
roles_can_be_walked(void **state)
{
	struct identity *id = make("ann", "", "staff");
	struct slice role;

	(void)state;
	assert_true(identity_role(id, 0, &role));
	assert_true(slice_is(role, "ann"));
	/* The empty group is no role. */
	assert_true(identity_role(id, 1, &role));
	assert_true(slice_is(role, "staff"));
	assert_false(identity_role(id, 2, &role));
	assert_false(identity_role(NULL, 0, &role));
	identity_free(&id);
}

static void
anybody_and_the_server_have_no_roles(void **state)
{
	struct identity *id = identity_keep(identity_server());

	(void)state;
	assert_true(identity_is_server(id));
	assert_false(identity_is_server(NULL));
	assert_false(has(id, ""));
	assert_false(has(NULL, ""));
	assert_int_equal(identity_login(id).n, 0);
	assert_int_equal(identity_login(NULL).n, 0);
	identity_free(&id);
	assert_null(identity_keep(NULL));
}

static void
it_lives_as_long_as_somebody_keeps_it(void **state)
{
	struct identity *id = make("ann", "staff", "x");
	struct identity *kept = identity_keep(id);

	(void)state;
	identity_free(&id);
	assert_true(has(kept, "staff"));
	identity_free(&kept);
}

static void
expect_same(const struct identity *id)
{
	struct identity *got = NULL;
	struct slice role, other;
	struct buf b = {0};
	size_t i;

	identity_encode(&b, id);
	assert_true(b.n <= IDENTITY_MAX_SIZE);
	assert_int_equal(identity_decode(&got, buf_slice(&b)), ERR_OK);
	assert_true((got == NULL) == (id == NULL));
	assert_true(identity_is_server(got) == identity_is_server(id));
	for (i = 0; identity_role(id, i, &role); i++) {
		assert_true(identity_role(got, i, &other));
		assert_true(slice_eq(role, other));
	}
	assert_false(identity_role(got, i, &other));
	identity_free(&got);
	buf_fini(&b);
}

static void
it_comes_back_from_a_message(void **state)
{
	struct identity *id = make("ann", "staff", "\xc3\xa4");

	(void)state;
	expect_same(id);
	expect_same(NULL);
	expect_same(identity_server());
	identity_free(&id);
}

static void
what_no_identity_made_is_refused(void **state)
{
	static const struct slice cases[] = {
	    {"", 0}, {"\x03", 1}, {"\x01", 1}, /* a user without a login */
	    {"\x01\x00", 2},                   /* half a length */
	    {"\x01\x00\x02x", 4},              /* half a role */
	    {"\x01\x00\x00", 3},               /* an empty role */
	    {"\x01\x00\x01xy", 5},             /* something behind it */
	    {"\x00\x00\x01x", 4},              /* roles of anybody */
	    {"\x02\x00\x01x", 4},              /* roles of the server */
	    {"\x01\xff\xffxxxx", 7},           /* a length beyond the end */
	};
	struct identity *id = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(identity_decode(&id, cases[i]), ERR_CORRUPT);
	assert_null(id);
}

static void
what_is_too_large_for_a_message_is_no_identity(void **state)
{
	char *text = calloc(1, IDENTITY_MAX_SIZE);
	struct slice group = {text, IDENTITY_MAX_SIZE - 1 - 2 - 3 - 2};
	struct identity_parts parts = {{"ann", 3}, &group, 1};
	struct identity *id = NULL;

	(void)state;
	assert_int_equal(identity_new(&id, &parts), ERR_OK);
	expect_same(id);
	identity_free(&id);
	group.n++;
	assert_int_equal(identity_new(&id, &parts), ERR_TOO_LARGE);
	parts.login.n = 0;
	assert_int_equal(identity_new(&id, &parts), ERR_INVALID);
	assert_null(id);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(login_and_groups_are_roles_in_any_case),
	    cmocka_unit_test(roles_can_be_walked),
	    cmocka_unit_test(anybody_and_the_server_have_no_roles),
	    cmocka_unit_test(it_lives_as_long_as_somebody_keeps_it),
	    cmocka_unit_test(it_comes_back_from_a_message),
	    cmocka_unit_test(what_no_identity_made_is_refused),
	    cmocka_unit_test(what_is_too_large_for_a_message_is_no_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
