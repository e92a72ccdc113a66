#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/credentials.h"
#include "store/identity.h"

static struct credentials *remembered;
static struct identity *ann;

static int
setup(void **state)
{
	struct identity_parts parts = {{"ann", 3}, NULL, 0};

	(void)state;
	remembered = credentials_new();
	return identity_new(&ann, &parts) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	credentials_free(&remembered);
	identity_free(&ann);
	return 0;
}

static struct credential
credential(const char *login, const char *password)
{
	struct credential cr;

	credentials_digest(
	    remembered, slice_str(login), slice_str(password), &cr);
	return cr;
}

static void
remember(const char *password, int64_t now, struct identity *who)
{
	struct credential cr = credential("ann", password);
	struct credential_memory m = {{7, 3, 99, 0}, who};

	credentials_remember(remembered, &cr, now, &m);
}

/* 'g'ood, 'b'ad or unknown: '-'. */
static char
recall(const char *login, const char *password, int64_t now)
{
	struct credential cr = credential(login, password);
	struct credential_memory m;
	char found;

	if (!credentials_find(remembered, &cr, now, &m))
		return '-';
	assert_int_equal(m.mark.stream_id, 7);
	assert_int_equal(m.mark.number, 3);
	assert_int_equal(m.mark.updated, 99);
	found = m.who == NULL ? 'b' : 'g';
	if (m.who != NULL)
		assert_true(slice_is(identity_login(m.who), "ann"));
	identity_free(&m.who);
	return found;
}

static void
what_was_checked_is_known_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(recall("ann", "right", 1), '-');
	remember("right", 1, ann);
	remember("wrong", 1, NULL);
	assert_int_equal(recall("ann", "right", 1), 'g');
	assert_int_equal(recall("ann", "wrong", 1), 'b');
	assert_int_equal(recall("ann", "Right", 1), '-');
	assert_int_equal(recall("Ann", "right", 1), '-');
	/* The same bytes, but cut elsewhere. */
	assert_int_equal(recall("annr", "ight", 1), '-');
	assert_int_equal(recall("", "annright", 1), '-');
}

static void
a_good_one_is_known_while_it_is_used(void **state)
{
	int64_t now = 1;

	(void)state;
	remember("right", now, ann);
	now += CREDENTIALS_GOOD_MS - 1;
	assert_int_equal(recall("ann", "right", now), 'g');
	now += CREDENTIALS_GOOD_MS - 1;
	assert_int_equal(recall("ann", "right", now), 'g');
	now += CREDENTIALS_GOOD_MS;
	assert_int_equal(recall("ann", "right", now), '-');
}

static void
a_wrong_one_only_for_a_time(void **state)
{
	(void)state;
	remember("wrong", 1, NULL);
	assert_int_equal(recall("ann", "wrong", CREDENTIALS_BAD_MS), 'b');
	assert_int_equal(recall("ann", "wrong", CREDENTIALS_BAD_MS + 1), '-');
}

static void
the_later_check_counts(void **state)
{
	struct credential cr = credential("ann", "p");

	(void)state;
	remember("p", 1, NULL);
	remember("p", 2, ann);
	assert_int_equal(recall("ann", "p", 3), 'g');
	remember("p", 3, NULL);
	assert_int_equal(recall("ann", "p", 4), 'b');
	credentials_forget(remembered, &cr);
	assert_int_equal(recall("ann", "p", 4), '-');
	credentials_forget(remembered, &cr);
}

static void
guesses_push_out_no_good_one(void **state)
{
	char guess[16];
	int i, known = 0;

	(void)state;
	remember("right", 1, ann);
	for (i = 0; i < 3 * CREDENTIALS_MAX; i++) {
		snprintf(guess, sizeof(guess), "%d", i);
		remember(guess, 2, NULL);
	}
	assert_int_equal(recall("ann", "right", 3), 'g');
	for (i = 0; i < 3 * CREDENTIALS_MAX; i++) {
		snprintf(guess, sizeof(guess), "%d", i);
		known += recall("ann", guess, 3) == 'b';
	}
	assert_in_range(known, 1, CREDENTIALS_MAX);
}

static void
each_process_has_a_key_of_its_own(void **state)
{
	struct credential mine = credential("ann", "p"), others;
	struct credentials *other = credentials_new();

	(void)state;
	credentials_digest(other, slice_str("ann"), slice_str("p"), &others);
	assert_memory_not_equal(&mine, &others, sizeof(mine));
	credentials_free(&other);
	assert_null(other);
}

/* Whether the mapping around p is left out of core files. */
static bool
is_out_of_cores(const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to, at = (unsigned long)p;
	bool inside = false, found = false;
	char line[512];

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = at >= from && at < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, " dd") != NULL;
	}
	fclose(f);
	return found;
}

static void
no_core_file_has_them(void **state)
{
	(void)state;
	assert_true(is_out_of_cores(remembered));
	assert_false(is_out_of_cores(&remembered));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_checked_is_known_and_nothing_else),
	    TEST(a_good_one_is_known_while_it_is_used),
	    TEST(a_wrong_one_only_for_a_time),
	    TEST(the_later_check_counts),
	    TEST(guesses_push_out_no_good_one),
	    TEST(each_process_has_a_key_of_its_own),
	    TEST(no_core_file_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
