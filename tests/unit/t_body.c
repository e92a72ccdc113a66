#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/body.h"
#include "store/alloc.h"

#define ID_BYTES   ((size_t)64 << 20)
#define LEFT_BYTES ((size_t)16 << 20) /* of memory; much less than an id */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_BOUNDED false /* a sanitizer has its own share of addresses */
#else
#define IS_BOUNDED true
#endif

static size_t
mapped_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static enum err
read_with_little_memory(struct body *b, struct slice text)
{
	struct rlimit before, now;
	enum err e;

	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	now = before;
	now.rlim_cur = mapped_bytes() + LEFT_BYTES;
	assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
	e = body_read_batch(b, text);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	return e;
}

static void
an_id_that_memory_does_not_suffice_for_is_not_refused(void **state)
{
	static const char head[] = "[{\"eventId\":\"", tail[] = "\"}]";
	size_t n = sizeof(head) - 1 + ID_BYTES + sizeof(tail) - 1;
	char *text = xmalloc(n);
	struct body b = {.max_event_bytes = 1000};

	(void)state;
	memset(text, 'a', n);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + n - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	if (IS_BOUNDED)
		assert_int_equal(
		    read_with_little_memory(&b, slice(text, n)), ERR_NO_MEMORY);
	assert_int_equal(body_read_batch(&b, slice(text, n)), ERR_INVALID);
	body_fini(&b);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_id_that_memory_does_not_suffice_for_is_not_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
