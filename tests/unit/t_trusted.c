#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/client.h"
#include "fcgi/request.h"
#include "fcgi/server.h"
#include "fcgi/trusted.h"
#include "store/conf.h"
#include "store/identity.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
a_login_may_have_groups(void **state)
{
	static const struct {
		const char *value;
		const char *roles[4];
	} cases[] = {
	    {"root", {"root"}},
	    {" root ", {"root"}},
	    {"root;", {"root"}},
	    {"root; admin, other", {"root", "admin", "other"}},
	    {"root;admin,,  other ,", {"root", "admin", "other"}},
	    {"a b;c d", {"a b", "c d"}},
	};
	struct identity *who;
	struct slice role;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    trusted_parse(&who, slice_str(cases[i].value)), ERR_OK);
		for (k = 0; cases[i].roles[k] != NULL; k++) {
			assert_true(identity_role(who, k, &role));
			assert_true(slice_is(role, cases[i].roles[k]));
		}
		assert_false(identity_role(who, k, &role));
		identity_free(&who);
	}
}

static void
what_names_nobody_is_refused(void **state)
{
	static const char *const cases[] = {
	    ";", ";admin", " ; admin", "root;admin;other", "root;;"};
	struct identity *who = NULL;
	char many[2 * 300 + 3] = "a;";
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    trusted_parse(&who, slice_str(cases[i])), ERR_INVALID);
	for (i = 0; i < 300; i++)
		memcpy(many + 2 + 2 * i, "g,", 2);
	assert_int_equal(
	    trusted_parse(&who, slice(many, sizeof(many) - 1)), ERR_TOO_LARGE);
	assert_null(who);
}

/* A request from peer, with X-Forwarded-For and ES-TrustedAuth. */
static void
make(struct request *r, const char *peer, const char *forwarded)
{
	static struct address trusted[2];
	static struct conf conf;
	static struct server server = {.conf = &conf};

	assert_true(address_parse(&trusted[0], slice_str("10.0.0.1")));
	assert_true(address_parse(&trusted[1], slice_str("::1")));
	conf.trusted_auth = conf.trusted_proxies =
	    (struct address_list){trusted, 2};
	*r = (struct request){.server = &server};
	r->headers[HEADER_REMOTE_ADDRESS] = slice_str(peer);
	r->headers[HEADER_FORWARDED_FOR] = slice_str(forwarded);
	r->headers[HEADER_ES_TRUSTED_AUTH] = slice_str("root");
}

static void
only_who_is_listed_is_believed(void **state)
{
	struct request r;

	(void)state;
	make(&r, "10.0.0.1", "");
	assert_true(trusted_applies(&r));
	make(&r, "::ffff:10.0.0.1", "");
	assert_true(trusted_applies(&r));
	make(&r, "10.0.0.2", "");
	assert_false(trusted_applies(&r));
	/* The address itself counts, not what is said of others. */
	make(&r, "10.0.0.2", "10.0.0.1");
	assert_false(trusted_applies(&r));
	make(&r, "", "");
	assert_false(trusted_applies(&r));
	make(&r, "10.0.0.1", "");
	r.headers[HEADER_ES_TRUSTED_AUTH] = slice_str(" ");
	assert_false(trusted_applies(&r));
}

static void
the_client_is_the_last_one_that_is_no_proxy(void **state)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} cases[] = {
	    {"10.0.0.2", "", "10.0.0.2"},
	    {"10.0.0.2", "192.0.2.1", "10.0.0.2"},
	    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
	    {"10.0.0.1", "1.1.1.1, 192.0.2.1", "192.0.2.1"},
	    {"10.0.0.1", "1.1.1.1, 192.0.2.1, ::1", "192.0.2.1"},
	    {"10.0.0.1", "::1 , 10.0.0.1", "::1"},
	    {"10.0.0.1", "", "10.0.0.1"},
	    {"10.0.0.1", "unknown", "10.0.0.1"},
	    {"10.0.0.1", "192.0.2.1,", "10.0.0.1"},
	    {"unix:", "192.0.2.1", "::"},
	};
	struct address got, expected;
	struct request r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		make(&r, cases[i].peer, cases[i].forwarded);
		client_address(&r, &got);
		assert_true(
		    address_parse(&expected, slice_str(cases[i].client)));
		assert_memory_equal(&got, &expected, sizeof(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_login_may_have_groups),
	    cmocka_unit_test(what_names_nobody_is_refused),
	    cmocka_unit_test(only_who_is_listed_is_believed),
	    cmocka_unit_test(the_client_is_the_last_one_that_is_no_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
