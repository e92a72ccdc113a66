#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "store/ctl_password.h"
#include "store/users.h"

/* What ends or stops a program at the keyboard. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught = sig;
}

/*
 * A line, without its end, byte by byte so that nothing of what follows is
 * taken.  -1: there is none, or it is too long, or a signal came.
 */
static int
read_line(char out[CTL_PASSWORD_SIZE])
{
	size_t n = 0;
	ssize_t got;
	char c = '\0';

	while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		if (n == CTL_PASSWORD_SIZE - 1)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return got < 0 || (got == 0 && n == 0) || caught != 0 ? -1 : (int)n;
}

/* With the terminal as it was when a signal ends or stops the program. */
static int
read_unseen(char out[CTL_PASSWORD_SIZE], const char *prompt)
{
	struct termios seen, unseen;
	int n;

	if (tcgetattr(STDIN_FILENO, &seen) != 0)
		return -1;
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	unseen.c_lflag |= ECHONL;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) != 0)
		return -1;
	/* Not before, lest a quick hand's input be flushed. */
	fprintf(stderr, "%s: ", prompt);
	n = read_line(out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
	return n;
}

static int
read_twice(char out[CTL_PASSWORD_SIZE])
{
	char again[CTL_PASSWORD_SIZE];
	int n = read_unseen(out, "New password");

	if (n <= 0)
		return n;
	if (read_unseen(again, "The same again") < 0)
		n = -1;
	if (n > 0 && strcmp(out, again) != 0) {
		fputs("rillctl: these are two different passwords\n", stderr);
		n = 0;
		out[0] = '\0';
	}
	explicit_bzero(again, sizeof(again));
	return n;
}

static int
read_at_terminal(char out[CTL_PASSWORD_SIZE])
{
	struct sigaction catch = {.sa_handler = on_signal}, before[SIGNALS];
	size_t i;
	int n;

	sigemptyset(&catch.sa_mask);
	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &catch, &before[i]);
	n = read_twice(out);
	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	if (caught != 0)
		raise(caught);
	return n;
}

bool
ctl_password_read(char out[CTL_PASSWORD_SIZE])
{
	bool is_terminal = isatty(STDIN_FILENO) == 1;
	int n = is_terminal ? read_at_terminal(out) : read_line(out);
	char why[USERS_WHY_SIZE];

	if (n < 0) {
		fprintf(stderr,
		    "rillctl: no password was read: one line of at most %d "
		    "bytes is wanted\n",
		    ACCOUNT_MAX_PASSWORD);
		return false;
	}
	if (users_password_fits(slice_str(out), why))
		return true;
	fprintf(stderr, "rillctl: %s\n", why);
	return false;
}
