#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/request.h"
#include "fcgi/route.h"
#include "fcgi/server.h"
#include "store/conf.h"

/* Not 400: there was nothing wrong with the request. */
static void
without_memory_for_the_path_the_server_is_too_busy(void **state)
{
	char method[] = "REQUEST_METHOD=GET", uri[] = "REQUEST_URI=/streams/a",
	     url[] = "http://127.0.0.1:2113";
	char *envp[] = {method, uri, NULL};
	const struct conf conf = {.url = url};
	struct server server = {.conf = &conf};
	struct request *r;

	(void)state;
	assert_int_equal(request_new(&r, &server), ERR_OK);
	r->fcgx.envp = envp;
	request_begin(r);
	r->room.limit = 1;
	route_request(r);
	assert_int_equal(r->reply.status, 503);
	r->fcgx.envp = NULL;
	request_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		without_memory_for_the_path_the_server_is_too_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
