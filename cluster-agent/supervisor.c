#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cluster-agent/custodian.h"
#include "cluster-agent/supervisor.h"
#include "store/clock.h"
#include "store/conf.h"
#include "store/custody.h"
#include "store/log.h"

#define FIRST_PAUSE_MS 100
#define LAST_PAUSE_MS  2000
#define CALM_MS        5000 /* a child that lived so long is no failure */
#define STAND_BACK_MS  1000 /* for an election */

struct supervisor {
	const struct conf *conf;
	struct custody *custody;
	sigset_t signals;
	pid_t child;
	bool stopping;
	int64_t pause_ms;
};

static int
claim(struct supervisor *s)
{
	const char *dir = s->conf->data;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		log_error("agent", "making %s: %s", dir, strerror(errno));
		return EX_CANTCREAT;
	}
	if (custody_open(&s->custody, dir) != ERR_OK) {
		log_error(
		    "agent", "%s cannot be written: %s", dir, strerror(errno));
		return EX_CANTCREAT;
	}
	if (custody_claim(s->custody) != ERR_OK) {
		log_error("agent",
		    "another rill-agent is looking after %s already", dir);
		return EX_TEMPFAIL;
	}
	return EX_OK;
}

/* In the child. */
static void
become_custodian(struct supervisor *s, pid_t parent)
{
	/* The claim stays with the parent's descriptor. */
	custody_close(&s->custody);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EX_TEMPFAIL); /* it died before the line above */
	_exit(custodian_run(s->conf));
}

static bool
start_child(struct supervisor *s)
{
	pid_t self = getpid();

	if ((s->child = fork()) == 0)
		become_custodian(s, self);
	if (s->child > 0)
		return true;
	log_error("agent", "fork: %s", strerror(errno));
	return false;
}

/* Wait for the child's end, passing on the wish to stop. */
static int
await_child(struct supervisor *s)
{
	int status, sig;

	for (;;) {
		sig = sigwaitinfo(&s->signals, NULL);
		if (sig == SIGTERM || sig == SIGINT) {
			s->stopping = true;
			kill(s->child, SIGTERM);
		}
		if (waitpid(s->child, &status, WNOHANG) == s->child)
			return status;
	}
}

/* Sleep, unless a signal asks to stop. */
static void
take_pause(struct supervisor *s)
{
	struct timespec t = {s->pause_ms / 1000, s->pause_ms % 1000 * 1000000};
	int sig = sigtimedwait(&s->signals, NULL, &t);

	if (sig == SIGTERM || sig == SIGINT)
		s->stopping = true;
	s->pause_ms *= 2;
	if (s->pause_ms > LAST_PAUSE_MS)
		s->pause_ms = LAST_PAUSE_MS;
}

static void
consider(struct supervisor *s, int status, int64_t lived_ms)
{
	if (lived_ms >= CALM_MS)
		s->pause_ms = FIRST_PAUSE_MS;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL)
		return; /* it wants to recover, at once */
	if (WIFEXITED(status) && WEXITSTATUS(status) == CUSTODIAN_STANDS_BACK)
		s->pause_ms = STAND_BACK_MS;
	if (WIFSIGNALED(status))
		log_warn("agent", "the custodian was ended by signal %d",
		    WTERMSIG(status));
	/* Somebody else's doing, however often, is no reason to wait. */
	if (WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGKILL || lived_ms >= CALM_MS))
		return;
	take_pause(s);
}

static bool
wants_to_begin_anew(int status)
{
	return WEXITSTATUS(status) == EX_TEMPFAIL ||
	       WEXITSTATUS(status) == CUSTODIAN_STANDS_BACK;
}

static int
supervise(struct supervisor *s)
{
	int64_t start;
	int status;

	while (!s->stopping) {
		start = clock_mono_ms();
		if (!start_child(s))
			return EX_OSERR;
		status = await_child(s);
		if (s->stopping && WIFEXITED(status))
			return wants_to_begin_anew(status)
				   ? EX_OK
				   : WEXITSTATUS(status);
		if (!s->stopping)
			consider(s, status, clock_mono_ms() - start);
	}
	return EX_OK;
}

int
supervisor_run(const struct conf *conf)
{
	struct supervisor s = {.conf = conf, .pause_ms = FIRST_PAUSE_MS};
	int status;

	sigemptyset(&s.signals);
	sigaddset(&s.signals, SIGTERM);
	sigaddset(&s.signals, SIGINT);
	sigaddset(&s.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s.signals, NULL);
	if ((status = claim(&s)) == EX_OK)
		status = supervise(&s);
	custody_close(&s.custody);
	return status;
}
