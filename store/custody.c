#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/be.h"
#include "store/clock.h"
#include "store/custody.h"
#include "store/log.h"

/* Bytes of agent.lock. */
#define BYTE_ALIVE 0
#define BYTE_READY 1

/* A slot: mark (4), pid (4), since (8), program (24), trouble (1), unused. */
#define SLOT_SIZE       64
#define SLOT_MARK       0x72696c6cu
#define SLOT_PROGRAM_AT 16
#define SLOT_TROUBLE_AT 40

#define SEIZE_STEP_MS 5

struct custody {
	int agent_fd;
	int env_fd;
	int workers_fd;
	int slot; /* ours, or -1 */
};

/* A lock on n bytes from at, for fcntl. */
static struct flock
range(short type, off_t at, off_t n)
{
	return (struct flock){
	    .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n};
}

static enum err
try_lock(int fd, short type, off_t at, off_t n)
{
	struct flock l = range(type, at, n);

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return ERR_OK;
	return errno == EAGAIN || errno == EACCES ? ERR_TAKEN : ERR_IO;
}

static void
unlock(int fd, off_t at, off_t n)
{
	struct flock l = range(F_UNLCK, at, n);

	if (fcntl(fd, F_OFD_SETLK, &l) != 0)
		log_error("custody", "unlocking: %s", strerror(errno));
}

/* Whether another open file holds an exclusive lock there. */
static bool
is_locked(int fd, off_t at, off_t n)
{
	struct flock l = range(F_RDLCK, at, n);

	if (fcntl(fd, F_OFD_GETLK, &l) != 0)
		return false;
	return l.l_type != F_UNLCK;
}

static int
open_in(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	free(path);
	return fd;
}

enum err
custody_open(struct custody **out, const char *dir)
{
	struct custody *c = xmalloc(sizeof(*c));
	int saved;

	c->slot = -1;
	c->agent_fd = open_in(dir, "agent.lock");
	c->env_fd = open_in(dir, "env.lock");
	c->workers_fd = open_in(dir, "workers");
	*out = c;
	if (c->agent_fd >= 0 && c->env_fd >= 0 && c->workers_fd >= 0)
		return ERR_OK;
	saved = errno;
	custody_close(out);
	errno = saved;
	return ERR_IO;
}

void
custody_close(struct custody **cp)
{
	struct custody *c = *cp;

	if (c == NULL)
		return;
	if (c->slot >= 0)
		custody_leave(c);
	if (c->agent_fd >= 0)
		close(c->agent_fd);
	if (c->env_fd >= 0)
		close(c->env_fd);
	if (c->workers_fd >= 0)
		close(c->workers_fd);
	free(c);
	*cp = NULL;
}

enum err
custody_claim(struct custody *c)
{
	return try_lock(c->agent_fd, F_WRLCK, BYTE_ALIVE, 1);
}

static off_t
slot_at(int slot)
{
	return (off_t)slot * SLOT_SIZE;
}

/* False when the slot is empty or was never written. */
static bool
slot_read(struct custody *c, int slot, struct custody_member *m)
{
	unsigned char raw[SLOT_SIZE];

	if (pread(c->workers_fd, raw, sizeof(raw), slot_at(slot)) !=
	    (ssize_t)sizeof(raw))
		return false;
	if (be_get32(raw) != SLOT_MARK)
		return false;
	m->pid = (pid_t)be_get32(raw + 4);
	m->since = (int64_t)be_get64(raw + 8);
	memcpy(m->program, raw + SLOT_PROGRAM_AT, sizeof(m->program));
	m->program[sizeof(m->program) - 1] = '\0';
	m->in_trouble = raw[SLOT_TROUBLE_AT] != 0;
	m->alive = slot == c->slot ||
		   is_locked(c->workers_fd, slot_at(slot), SLOT_SIZE);
	return true;
}

static enum err
slot_mark(struct custody *c, int slot, const char *program)
{
	unsigned char raw[SLOT_SIZE] = {0};

	if (program != NULL) {
		be_put32(raw, SLOT_MARK);
		be_put32(raw + 4, (uint32_t)getpid());
		be_put64(raw + 8, (uint64_t)clock_now_ticks());
		memcpy(raw + SLOT_PROGRAM_AT, program,
		    strnlen(program,
			sizeof(((struct custody_member *)0)->program) - 1));
	}
	if (pwrite(c->workers_fd, raw, sizeof(raw), slot_at(slot)) !=
	    (ssize_t)sizeof(raw))
		return ERR_IO;
	return ERR_OK;
}

unsigned int
custody_members(
    struct custody *c, struct custody_member *members, unsigned int n)
{
	unsigned int found = 0;
	int slot;

	for (slot = 0; slot < CUSTODY_SLOTS && found < n; slot++)
		if (slot_read(c, slot, &members[found]))
			found++;
	return found;
}

/*
 * A process that leaves cleanly wipes its mark before its lock goes, so a
 * slot found unlocked is read once more before it counts as dead.
 */
static bool
slot_is_dead(struct custody *c, int slot)
{
	struct custody_member m;

	if (!slot_read(c, slot, &m) || m.alive)
		return false;
	return slot_read(c, slot, &m) && !m.alive;
}

unsigned int
custody_casualties(struct custody *c)
{
	struct custody_member m;
	unsigned int n = 0;
	int slot;

	for (slot = 0; slot < CUSTODY_SLOTS; slot++)
		if (slot_is_dead(c, slot) ||
		    (slot_read(c, slot, &m) && m.in_trouble))
			n++;
	return n;
}

void
custody_report(struct custody *c)
{
	static const unsigned char trouble = 1;

	if (c->slot >= 0 && pwrite(c->workers_fd, &trouble, 1,
				slot_at(c->slot) + SLOT_TROUBLE_AT) != 1)
		log_error("custody", "reporting: %s", strerror(errno));
}

static void
kill_members(struct custody *c)
{
	struct custody_member m;
	int slot;

	for (slot = 0; slot < CUSTODY_SLOTS; slot++) {
		if (!slot_read(c, slot, &m) || !m.alive)
			continue;
		if (m.pid <= 1 || m.pid == getpid())
			continue;
		log_warn(
		    "custody", "pid=%ld did not leave, ending it", (long)m.pid);
		kill(m.pid, SIGKILL);
	}
}

static void
forget_dead(struct custody *c)
{
	int slot;

	for (slot = 0; slot < CUSTODY_SLOTS; slot++)
		if (slot_is_dead(c, slot) && slot_mark(c, slot, NULL) != ERR_OK)
			log_error(
			    "custody", "clearing a slot: %s", strerror(errno));
}

enum err
custody_seize(struct custody *c, int64_t grace_ms)
{
	int64_t kill_at = clock_mono_ms() + grace_ms;
	enum err e;

	while ((e = try_lock(c->env_fd, F_WRLCK, 0, 0)) == ERR_TAKEN) {
		if (clock_mono_ms() >= kill_at) {
			kill_members(c);
			kill_at = clock_mono_ms() + grace_ms;
		}
		clock_sleep_ms(SEIZE_STEP_MS);
	}
	if (e == ERR_OK)
		forget_dead(c);
	return e;
}

enum err
custody_admit(struct custody *c)
{
	struct flock l = range(F_WRLCK, BYTE_READY, 1);

	/* Waiting: a worker's await_dismissal() may hold it for an instant. */
	while (fcntl(c->agent_fd, F_OFD_SETLKW, &l) != 0)
		if (errno != EINTR)
			return ERR_IO;
	return try_lock(c->env_fd, F_RDLCK, 0, 0);
}

void
custody_dismiss(struct custody *c)
{
	unlock(c->agent_fd, BYTE_READY, 1);
}

/* Lock a slot that is neither locked nor marked; -1 when there is none. */
static int
take_slot(struct custody *c)
{
	struct custody_member m;
	int slot;

	for (slot = 0; slot < CUSTODY_SLOTS; slot++) {
		if (try_lock(c->workers_fd, F_WRLCK, slot_at(slot),
			SLOT_SIZE) != ERR_OK)
			continue;
		if (!slot_read(c, slot, &m))
			return slot;
		unlock(c->workers_fd, slot_at(slot), SLOT_SIZE);
	}
	return -1;
}

enum err
custody_enter(struct custody *c, const char *program)
{
	enum err e;

	if (!custody_vouched(c) || custody_casualties(c) > 0)
		return ERR_UNAVAILABLE;
	if ((c->slot = take_slot(c)) < 0)
		return ERR_BUSY;
	if ((e = slot_mark(c, c->slot, program)) == ERR_OK)
		e = try_lock(c->env_fd, F_RDLCK, 0, 0);
	/* Only now is it certain that no recovery can begin. */
	if (e == ERR_OK && custody_vouched(c))
		return ERR_OK;
	custody_leave(c);
	return e == ERR_OK || e == ERR_TAKEN ? ERR_UNAVAILABLE : e;
}

void
custody_leave(struct custody *c)
{
	int slot = c->slot;

	if (slot < 0)
		return;
	unlock(c->env_fd, 0, 0);
	/* The mark goes before the lock: see slot_is_dead(). */
	if (slot_mark(c, slot, NULL) != ERR_OK)
		log_error("custody", "leaving: %s", strerror(errno));
	c->slot = -1;
	unlock(c->workers_fd, slot_at(slot), SLOT_SIZE);
}

bool
custody_vouched(struct custody *c)
{
	return is_locked(c->agent_fd, BYTE_READY, 1);
}

void
custody_await_dismissal(struct custody *c)
{
	struct flock l = range(F_RDLCK, BYTE_READY, 1);

	if (fcntl(c->agent_fd, F_OFD_SETLKW, &l) == 0)
		unlock(c->agent_fd, BYTE_READY, 1);
}

bool
custody_agent_alive(struct custody *c)
{
	return is_locked(c->agent_fd, BYTE_ALIVE, 1);
}
