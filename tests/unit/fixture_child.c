#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fixture_child.h"

static void
run_child(child_f *body, void *arg, struct child *self, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(body(self, arg));
}

struct child
child_start(child_f *body, void *arg)
{
	pid_t parent = getpid();
	int down[2], up[2];
	struct child c, self;

	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	self = (struct child){.from = down[0], .to = up[1]};
	c = (struct child){.from = up[0], .to = down[1]};
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		close(c.from);
		close(c.to);
		run_child(body, arg, &self, parent);
	}
	close(self.from);
	close(self.to);
	return c;
}

void
child_say(const struct child *c, char word)
{
	while (write(c->to, &word, 1) < 0 && errno == EINTR)
		continue;
}

int
child_hear(const struct child *c)
{
	unsigned char word;
	ssize_t n;

	while ((n = read(c->from, &word, 1)) < 0 && errno == EINTR)
		continue;
	return n == 1 ? word : -1;
}

int
child_end(struct child *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close(c->from);
	close(c->to);
	c->pid = 0;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool
child_has_ended(const struct child *c)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)c->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == c->pid;
}

void
child_kill(struct child *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		child_end(c);
	}
}
