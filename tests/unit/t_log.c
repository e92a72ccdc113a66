#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/log.h"

/* What was written to standard error since capture(). */
struct capture {
	int saved, file;
	char text[4096];
};

static int
capture(void **state)
{
	struct capture *c = calloc(1, sizeof(*c));
	FILE *file = tmpfile();

	if (c == NULL || file == NULL)
		return -1;
	c->saved = dup(STDERR_FILENO);
	c->file = dup(fileno(file));
	fclose(file);
	dup2(c->file, STDERR_FILENO);
	log_init("tester", LOG_LEVEL_INFO);
	*state = c;
	return 0;
}

static int
release(void **state)
{
	struct capture *c = *state;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->file);
	free(c);
	return 0;
}

static const char *
captured(struct capture *c)
{
	ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

	assert_true(n >= 0);
	c->text[n] = '\0';
	return c->text;
}

static void
a_line_has_time_program_pid_level_and_topic(void **state)
{
	char head[64];
	const char *line;

	log_info("topic", "a=%d b=%s", 1, "two");
	line = captured(*state);
	snprintf(head, sizeof(head), " tester[%ld] info topic: a=1 b=two\n",
	    (long)getpid());
	assert_string_equal(line + strlen("2026-11-22T04:30:00.123Z"), head);
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[23], 'Z');
}

static void
a_line_says_what_request_it_is_about(void **state)
{
	const char *line;

	log_about("r-1");
	log_info("topic", "a=1");
	log_about(NULL);
	log_info("topic", "b=2");
	line = captured(*state);
	assert_non_null(strstr(line, " info topic: id=r-1 a=1\n"));
	assert_non_null(strstr(line, " info topic: b=2\n"));
}

static void
lines_below_the_level_are_dropped(void **state)
{
	log_debug("t", "not this");
	assert_string_equal(captured(*state), "");
	log_init("tester", LOG_LEVEL_ERROR);
	log_warn("t", "nor this");
	assert_string_equal(captured(*state), "");
	log_error("t", "but this");
	assert_non_null(strstr(captured(*state), " error t: but this\n"));
}

static void
a_long_line_is_cut_and_still_ends(void **state)
{
	char text[3000];
	const char *line;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("t", "%s", text);
	log_info("t", "next");
	line = captured(*state);
	assert_true(strchr(line, '\n') - line < 1024);
	assert_non_null(strstr(line, "x\n2"));
	assert_non_null(strstr(line, " info t: next\n"));
}

static size_t
lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Lines that come at a time; how many of them are written. */
static int
burst(struct log_burst *b, int n, int64_t now)
{
	int admitted = 0;

	while (n-- > 0)
		admitted += log_burst_admit(b, now);
	return admitted;
}

static void
of_a_burst_some_are_admitted_and_the_others_told(void **state)
{
	struct log_burst b = {.mutex = PTHREAD_MUTEX_INITIALIZER,
	    .topic = "t",
	    .what = "drops",
	    .period_ms = 10000,
	    .most = 3};

	assert_int_equal(burst(&b, 2, 5000), 2);
	assert_int_equal(burst(&b, 9, 14999), 1);
	log_burst_settle(&b, 14999);
	assert_string_equal(captured(*state), "");
	log_about("r-1");
	assert_int_equal(burst(&b, 1, 15000), 1);
	assert_non_null(
	    strstr(captured(*state), " warn t: 8 more in 10 s: drops\n"));
	log_info("t", "mine");
	assert_non_null(strstr(captured(*state), " info t: id=r-1 mine\n"));
	log_about(NULL);
	log_burst_settle(&b, 25000);
	assert_int_equal(lines_of(captured(*state)), 2);
}

static void
the_end_of_a_burst_is_told_without_another(void **state)
{
	struct log_burst b = {.mutex = PTHREAD_MUTEX_INITIALIZER,
	    .topic = "t",
	    .what = "drops",
	    .period_ms = 1000,
	    .most = 1};

	assert_int_equal(burst(&b, 5, 0), 1);
	log_burst_settle(&b, 1000);
	log_burst_settle(&b, 9000);
	assert_non_null(
	    strstr(captured(*state), " warn t: 4 more in 1 s: drops\n"));
	assert_int_equal(lines_of(captured(*state)), 1);
	assert_int_equal(burst(&b, 5, 9000), 1);
}

static void
errno_stays(void **state)
{
	(void)state;
	errno = ENOENT;
	log_info("t", "%s", "x");
	assert_int_equal(errno, ENOENT);
}

static void
what_came_from_outside_is_quoted(void **state)
{
	char out[LOG_QUOTE_SIZE], wild[200];

	(void)state;
	assert_string_equal(
	    log_quote(out, slice_str("plain text")), "\"plain text\"");
	assert_string_equal(log_quote(out, slice("a\n\"\\\0\xff", 6)),
	    "\"a\\x0a\\x22\\x5c\\x00\\xff\"");
	assert_string_equal(log_quote(out, slice(NULL, 0)), "\"\"");
	memset(wild, '\n', sizeof(wild));
	assert_int_equal(
	    strlen(log_quote(out, slice(wild, sizeof(wild)))), 60 * 4 + 5);
	assert_int_equal(strlen(log_quote(out, slice(wild, 60))), 60 * 4 + 2);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture, release)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CAPTURED(a_line_has_time_program_pid_level_and_topic),
	    CAPTURED(a_line_says_what_request_it_is_about),
	    CAPTURED(lines_below_the_level_are_dropped),
	    CAPTURED(a_long_line_is_cut_and_still_ends),
	    CAPTURED(errno_stays),
	    CAPTURED(of_a_burst_some_are_admitted_and_the_others_told),
	    CAPTURED(the_end_of_a_burst_is_told_without_another),
	    cmocka_unit_test(what_came_from_outside_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
