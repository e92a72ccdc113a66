#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster-agent/control.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/control.h"
#include "store/log.h"
#include "tests/unit/fixture_agent.h"

#define PATIENCE_MS 20000

struct side {
	struct fixture f;
	struct control *control;
	char dir[400]; /* below f.dir; longer than an address may be */
};

static void
echo(struct control_client *cl, const json_t *request, void *arg)
{
	assert_non_null(arg);
	control_progress(cl, json_pack("{s:i}", "step", 1));
	control_progress(cl, json_pack("{s:i}", "step", 2));
	control_result(
	    cl, json_pack("{s:O}", "said", json_object_get(request, "say")));
}

static void
refuse(struct control_client *cl, const json_t *request, void *arg)
{
	(void)request;
	(void)arg;
	control_refuse(cl, ERR_TAKEN, "It is done already.");
}

/* For as long as anybody wants it. */
static void
go_on(struct control_client *cl, const json_t *request, void *arg)
{
	(void)request;
	(void)arg;
	control_progress(cl, json_object());
	while (control_wanted(cl))
		clock_sleep_ms(1);
	control_refuse(cl, ERR_UNAVAILABLE, "The agent stops.");
}

static void
flood(struct control_client *cl, const json_t *request, void *arg)
{
	char text[2000] = "";

	(void)request;
	(void)arg;
	memset(text, 'x', sizeof(text) - 1);
	while (control_wanted(cl))
		control_progress(cl, json_pack("{s:s}", "text", text));
}

static const struct control_command table[] = {
    {"echo", echo},
    {"refuse", refuse},
    {"go on", go_on},
    {"flood", flood},
    {NULL, NULL},
};

static enum err
start(struct side *s)
{
	struct control_options o = {.dir = s->dir, .commands = table, .arg = s};

	return control_start(&s->control, &o);
}

static int
setup(void **state)
{
	struct side *s = xcalloc(1, sizeof(*s));
	size_t n;

	log_init("test", LOG_LEVEL_ERROR);
	fixture_make_dir(&s->f);
	n = (size_t)snprintf(s->dir, sizeof(s->dir), "%s/", s->f.dir);
	memset(s->dir + n, 'd', 200);
	*state = s;
	return mkdir(s->dir, 0700) == 0 && start(s) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	struct side *s = *state;

	control_stop(&s->control);
	assert_int_equal(rmdir(s->dir), 0); /* nothing is left in it */
	fixture_remove_dir(&s->f);
	free(s);
	return 0;
}

struct ask {
	struct control_call call;
	json_t *request;
	int steps;
};

static void
count_step(void *arg, const json_t *line)
{
	struct ask *a = arg;

	a->steps++;
	assert_int_equal(
	    json_integer_value(json_object_get(line, "step")), a->steps);
}

static enum err
ask(struct ask *a, const char *dir, const char *command)
{
	enum err e;

	*a = (struct ask){.call = {.dir = dir,
			      .patience_ms = PATIENCE_MS,
			      .on_progress = count_step,
			      .arg = a}};
	a->call.request =
	    json_pack("{s:s, s:s}", "command", command, "say", "\xc3\xa4");
	e = control_ask(&a->call);
	json_decref((json_t *)(uintptr_t)a->call.request);
	return e;
}

/* A client of our own making. */
static int
connect_to(const struct side *s)
{
	struct sockaddr_un address;
	int folder, fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(control_address(s->dir, &address, &folder), ERR_OK);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(folder);
	return fd;
}

/* All that is answered to these bytes. */
static size_t
exchange(const struct side *s, const char *text, size_t n, char out[4096])
{
	int fd = connect_to(s);
	size_t got = 0;
	ssize_t r;

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
	shutdown(fd, SHUT_WR);
	while (got < 4095 && (r = recv(fd, out + got, 4095 - got, 0)) > 0)
		got += (size_t)r;
	out[got] = '\0';
	close(fd);
	return got;
}

static void
assert_echoes(struct side *s)
{
	struct ask a;

	assert_int_equal(ask(&a, s->dir, "echo"), ERR_OK);
	assert_string_equal(
	    json_string_value(json_object_get(a.call.result, "said")),
	    "\xc3\xa4");
	assert_int_equal(a.steps, 2);
	json_decref(a.call.result);
}

static void
a_command_says_how_it_gets_on_and_what_came_of_it(void **state)
{
	assert_echoes(*state);
}

static void
a_refusal_comes_as_its_error_with_a_sentence(void **state)
{
	struct side *s = *state;
	struct ask a;

	assert_int_equal(ask(&a, s->dir, "refuse"), ERR_TAKEN);
	assert_string_equal(a.call.why, "It is done already.");
	assert_null(a.call.result);
}

static void
an_unknown_command_is_refused_with_the_known_ones(void **state)
{
	struct side *s = *state;
	struct ask a;

	assert_int_equal(ask(&a, s->dir, "dance"), ERR_INVALID);
	assert_string_equal(a.call.why,
	    "There is no command \"dance\"; there are \"echo\", \"refuse\", "
	    "\"go on\", \"flood\".");
}

static void
without_an_agent_there_is_no_answer(void **state)
{
	struct side *s = *state;
	struct ask a;

	control_stop(&s->control);
	assert_int_equal(ask(&a, s->dir, "echo"), ERR_UNAVAILABLE);
	assert_string_equal(a.call.why, "No agent is running.");
	assert_int_equal(ask(&a, "/nowhere/at/all", "echo"), ERR_UNAVAILABLE);
	assert_string_equal(a.call.why, "No agent is running.");
	assert_int_equal(ask(&a, "/dev/null", "echo"), ERR_UNAVAILABLE);
	assert_string_equal(a.call.why,
	    "The agent's socket cannot be opened: Not a directory.");
}

static void
the_socket_is_its_users_alone(void **state)
{
	struct side *s = *state;
	char *path = xasprintf("%s/" CONTROL_SOCKET, s->dir);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	free(path);
}

static void
what_a_dead_agent_left_is_replaced(void **state)
{
	struct side *s = *state;
	char *path = xasprintf("%s/" CONTROL_SOCKET, s->dir);
	int fd;

	control_stop(&s->control);
	assert_int_equal(access(path, F_OK), -1);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(start(s), ERR_OK);
	assert_echoes(s);
	free(path);
}

static void
a_folder_that_is_not_there_is_an_error(void **state)
{
	struct side *s = *state;
	struct control_options o = {.dir = "/nowhere", .commands = table};
	struct control *c = NULL;

	log_init("test", LOG_LEVEL_ERROR + 1);
	assert_int_equal(control_start(&c, &o), ERR_IO);
	assert_null(c);
	log_init("test", LOG_LEVEL_ERROR);
	assert_echoes(s);
}

#define TEXT(t) t, sizeof(t) - 1

static const struct hostile {
	const char *text;
	size_t n;
	const char *part; /* of the answer */
} hostiles[] = {
    {TEXT("\n"), "one JSON object"},
    {TEXT("hello\n"), "one JSON object"},
    {TEXT("[]\n"), "one JSON object"},
    {TEXT("\"echo\"\n"), "one JSON object"},
    {TEXT("{\"command\": \"echo\"\n"), "one JSON object"},
    {TEXT("{\"command\": \"echo\"} {}\n"), "one JSON object"},
    {TEXT("{\"command\": \"echo\", \"command\": \"echo\"}\n"), "twice"},
    {TEXT("{\"command\": \"ec\0ho\"}\n"), "one JSON object"},
    {TEXT("{\"command\": \"ec\\u0000ho\"}\n"), "one JSON object"},
    {TEXT("{\"command\": \"\xff\"}\n"), "one JSON object"},
    {TEXT("{}\n"), "a string"},
    {TEXT("{\"command\": 7}\n"), "a string"},
    {TEXT("{\"command\": null}\n"), "a string"},
    {TEXT("{\"command\": \"\"}\n"), "no command \\\"\\\""},
    {TEXT("{\"command\": \"ECHO\"}\n"), "no command"},
    {TEXT("{\"command\": \"a\\nb\\u001b\"}\n"), "\\\\x0ab\\\\x1b"},
};

static void
hostile_requests_are_refused_with_a_sentence(void **state)
{
	char answer[4096];
	size_t i;

	for (i = 0; i < COUNT(hostiles); i++) {
		exchange(*state, hostiles[i].text, hostiles[i].n, answer);
		if (strstr(answer, "\"refusal\"") == NULL ||
		    strstr(answer, hostiles[i].part) == NULL)
			fail_msg("%zu: %s", i, answer);
	}
	assert_echoes(*state);
}

static void
a_request_is_bounded(void **state)
{
	char text[3 * CONTROL_MAX_LINE], answer[4096];

	memset(text, '[', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	exchange(*state, text, sizeof(text), answer);
	assert_non_null(strstr(answer, "at most 4096 bytes"));
	/* Deep, and short enough to be read. */
	exchange(*state, text + sizeof(text) - 4096, 4096, answer);
	assert_non_null(strstr(answer, "one JSON object"));
	assert_echoes(*state);
}

static void
half_a_request_is_no_request(void **state)
{
	char answer[4096];

	assert_int_equal(
	    exchange(*state, TEXT("{\"command\": \"echo\"}"), answer), 0);
	assert_int_equal(exchange(*state, "", 0, answer), 0);
	assert_echoes(*state);
}

/* More than are served at a time: they are left one after the other. */
static void
clients_that_say_nothing_do_not_keep_others_out(void **state)
{
	int fds[CONTROL_THREADS + 1];
	char text[512];
	size_t i;

	for (i = 0; i < COUNT(fds); i++)
		fds[i] = connect_to(*state);
	assert_int_equal(send(fds[0], "{", 1, 0), 1);
	assert_echoes(*state);
	text[recv(fds[0], text, sizeof(text) - 1, 0)] = '\0';
	assert_non_null(strstr(text, "No request came"));
	for (i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

static void
a_client_that_does_not_read_is_left(void **state)
{
	const char request[] = "{\"command\": \"flood\"}\n";
	int fds[CONTROL_THREADS];
	size_t i;

	for (i = 0; i < COUNT(fds); i++) {
		fds[i] = connect_to(*state);
		send(fds[i], request, sizeof(request) - 1, 0);
	}
	assert_echoes(*state);
	for (i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

static void
a_command_learns_that_its_client_has_gone(void **state)
{
	const char request[] = "{\"command\": \"go on\"}\n";
	char byte;
	size_t i;
	int fd;

	/* Else they would fill all threads. */
	for (i = 0; i < CONTROL_THREADS; i++) {
		fd = connect_to(*state);
		send(fd, request, sizeof(request) - 1, 0);
		assert_int_equal(recv(fd, &byte, 1, 0), 1);
		close(fd);
	}
	assert_echoes(*state);
}

static void
a_stop_ends_commands_in_hand_with_an_answer(void **state)
{
	struct side *s = *state;
	const char request[] = "{\"command\": \"go on\"}\n";
	char text[512] = "";
	size_t n = 0;
	ssize_t r;
	int fd = connect_to(s);

	send(fd, request, sizeof(request) - 1, 0);
	assert_int_equal(recv(fd, text, 1, 0), 1);
	control_stop(&s->control);
	while ((r = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)r;
	assert_non_null(strstr(text, "The agent stops."));
	close(fd);
}

static void
each_error_has_a_word_of_its_own(void **state)
{
	static const enum err errors[] = {ERR_BUSY, ERR_CORRUPT, ERR_DENIED,
	    ERR_DISK_FULL, ERR_INVALID, ERR_IO, ERR_NO_MEMORY, ERR_TAKEN,
	    ERR_TOO_LARGE, ERR_UNAVAILABLE};
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(errors); i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(control_error_word(errors[i]),
			    control_error_word(errors[j]));
	assert_string_equal(control_error_word(ERR_RECOVERY), "io");
}

/* With a real agent: the custodian in office, and nobody when it is gone. */
static void
the_custodian_in_office_answers(void **state)
{
	struct node *n = *state;
	json_int_t before, after;
	struct ask a = {.call = {.dir = n->f.dir, .patience_ms = PATIENCE_MS}};
	json_t *request = json_pack("{s:s}", "command", "ping");

	fixture_end(&n->f); /* returns when it is in office */
	a.call.request = request;
	while (control_ask(&a.call) != ERR_OK)
		clock_sleep_ms(1);
	before = json_integer_value(json_object_get(a.call.result, "pid"));
	json_decref(a.call.result);
	node_kill_agent(n);
	node_start_agent(n);
	while (control_ask(&a.call) != ERR_OK)
		clock_sleep_ms(1);
	after = json_integer_value(json_object_get(a.call.result, "pid"));
	json_decref(a.call.result);
	assert_true(before > 0 && after > 0 && before != after);
	assert_int_equal(ask(&a, n->f.dir, "ping"), ERR_INVALID);
	node_stop_agent(n);
	a.call.request = request;
	assert_int_equal(control_ask(&a.call), ERR_UNAVAILABLE);
	json_decref(request);
}

#define SIDE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_custodian_in_office_answers,
		node_setup_open, node_teardown),
	    SIDE(a_command_says_how_it_gets_on_and_what_came_of_it),
	    SIDE(a_refusal_comes_as_its_error_with_a_sentence),
	    SIDE(an_unknown_command_is_refused_with_the_known_ones),
	    SIDE(without_an_agent_there_is_no_answer),
	    SIDE(the_socket_is_its_users_alone),
	    SIDE(what_a_dead_agent_left_is_replaced),
	    SIDE(a_folder_that_is_not_there_is_an_error),
	    SIDE(hostile_requests_are_refused_with_a_sentence),
	    SIDE(a_request_is_bounded),
	    SIDE(half_a_request_is_no_request),
	    SIDE(clients_that_say_nothing_do_not_keep_others_out),
	    SIDE(a_client_that_does_not_read_is_left),
	    SIDE(a_command_learns_that_its_client_has_gone),
	    SIDE(a_stop_ends_commands_in_hand_with_an_answer),
	    cmocka_unit_test(each_error_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
