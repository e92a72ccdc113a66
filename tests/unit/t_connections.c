#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/connections.h"
#include "store/clock.h"

#define PLACES 2
#define SOON   10000 /* ms; what is waited for comes much earlier */

static struct connections *connections;
static struct sockaddr_un address;
static int listener;

static int
setup(void **state)
{
	socklen_t n = sizeof(address);

	(void)state;
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	/* The kernel makes up an abstract name. */
	address = (struct sockaddr_un){.sun_family = AF_UNIX};
	assert_int_equal(
	    bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)),
	    0);
	getsockname(listener, (struct sockaddr *)&address, &n);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(
	    connections_new(&connections, listener, PLACES), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	connections_free(&connections);
	connections_free(&connections);
	close(listener);
	return 0;
}

/* A web server's end. */
static int
connect_one(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t n = offsetof(struct sockaddr_un, sun_path) + 6;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, n), 0);
	return fd;
}

static void
say(int fd, char c)
{
	assert_int_equal(write(fd, &c, 1), 1);
}

/* Who speaks is taken, and says this. */
static int
take(char c)
{
	int fd, tries = 3; /* one may only find that another is silent */
	char said;

	while ((fd = connections_take(connections, SOON)) < 0)
		assert_true(--tries > 0);
	assert_int_equal(read(fd, &said, 1), 1);
	assert_int_equal(said, c);
	return fd;
}

static void
assert_none(void)
{
	assert_false(connections_wait(connections));
	assert_int_equal(connections_take(connections, 0), -1);
}

static void
assert_closed(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
}

static void
a_new_one_is_taken_when_it_says_something(void **state)
{
	int theirs, ours;

	(void)state;
	assert_none();
	theirs = connect_one();
	assert_true(connections_wait(connections));
	assert_int_equal(connections_take(connections, 0), -1);
	assert_none();
	say(theirs, 'a');
	assert_true(connections_wait(connections));
	ours = take('a');
	assert_none();
	close(ours);
	assert_closed(theirs);
}

static void
one_that_is_kept_comes_again_with_its_next_request(void **state)
{
	int theirs = connect_one(), ours, i;

	(void)state;
	say(theirs, 'a');
	ours = take('a');
	for (i = 0; i < 3; i++) {
		connections_keep(connections, ours);
		assert_none();
		say(theirs, (char)('b' + i));
		ours = take((char)('b' + i));
	}
	close(ours);
	assert_closed(theirs);
}

static void
those_that_are_kept_keep_no_new_ones_waiting(void **state)
{
	int kept = connect_one(), other, ours;

	(void)state;
	say(kept, 'a');
	connections_keep(connections, take('a'));
	other = connect_one();
	say(other, 'b');
	ours = take('b');
	close(ours);
	assert_closed(other);
	close(kept);
}

static void
one_that_its_web_server_closes_is_forgotten(void **state)
{
	int i, theirs, ours;

	(void)state;
	for (i = 0; i < 3 * PLACES; i++) {
		theirs = connect_one();
		say(theirs, 'a');
		ours = take('a');
		connections_keep(connections, ours);
		close(theirs);
		assert_true(connections_wait(connections));
		assert_int_equal(connections_take(connections, SOON), -1);
		assert_none();
		/* Its descriptor is free. */
		assert_int_equal(close(ours), -1);
	}
}

static void
beyond_their_number_they_are_closed(void **state)
{
	int theirs[PLACES + 1], i;

	(void)state;
	for (i = 0; i < PLACES + 1; i++) {
		theirs[i] = connect_one();
		say(theirs[i], 'a');
		connections_keep(connections, take('a'));
	}
	assert_closed(theirs[PLACES]);
	say(theirs[0], 'b');
	connections_keep(connections, take('b'));
	connections_free(&connections);
	for (i = 0; i < PLACES; i++)
		assert_closed(theirs[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void
at_the_end_who_has_connected_is_waited_for_and_nobody_kept(void **state)
{
	int64_t until_ms = clock_mono_ms() + SOON;
	int kept = connect_one(), silent, late, ours;
	char said;

	(void)state;
	say(kept, 'a');
	connections_keep(connections, take('a'));
	silent = connect_one();
	assert_int_equal(connections_take(connections, 0), -1);
	late = connect_one();
	say(silent, 'b');
	ours = connections_last(connections, until_ms);
	assert_int_equal(read(ours, &said, 1), 1);
	assert_int_equal(said, 'b');
	connections_keep(connections, ours);
	assert_closed(silent);
	/* The one that is kept is silent, and the late one never was here. */
	assert_int_equal(connections_last(connections, until_ms), -1);
	close(kept);
	close(late);
}

static void
at_the_end_nobody_is_waited_for_longer(void **state)
{
	int silent = connect_one();

	(void)state;
	assert_int_equal(connections_take(connections, 0), -1);
	assert_int_equal(
	    connections_last(connections, clock_mono_ms() + 1), -1);
	close(silent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_one_is_taken_when_it_says_something),
	    TEST(one_that_is_kept_comes_again_with_its_next_request),
	    TEST(those_that_are_kept_keep_no_new_ones_waiting),
	    TEST(one_that_its_web_server_closes_is_forgotten),
	    TEST(beyond_their_number_they_are_closed),
	    TEST(at_the_end_who_has_connected_is_waited_for_and_nobody_kept),
	    TEST(at_the_end_nobody_is_waited_for_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
