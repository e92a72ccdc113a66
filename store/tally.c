#include "config.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/mapped.h"
#include "store/tally.h"

/* The number is that of the layout, as with wakeup's file. */
#define FILE_NAME "tally.1"

#define WORDS      (sizeof(struct tally_sums) / sizeof(uint64_t))
#define WORD(name) (offsetof(struct tally_sums, name) / sizeof(uint64_t))

/* Slots do not share cache lines. */
struct slot {
	_Alignas(128) _Atomic uint64_t words[WORDS]; /* as in tally_sums */
	_Atomic int64_t gauges[TALLY_GAUGES];
	_Atomic int64_t pid;
};

struct tally {
	struct slot *slots;
	struct slot *own;
	int fd; /* has the lock of our slot */
};

const uint32_t tally_limits_us[TALLY_LIMITS] = {100, 250, 500, 1000, 2500, 5000,
    10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

/* The lock of a slot is on the byte of its number. */
static struct flock
lock_of(size_t slot)
{
	return (struct flock){.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = (off_t)slot,
	    .l_len = 1};
}

static void
take_slot(struct tally *t)
{
	struct flock lock;
	size_t i;

	for (i = 0; i < TALLY_SLOTS; i++) {
		lock = lock_of(i);
		if (fcntl(t->fd, F_OFD_SETLK, &lock) == 0)
			break;
	}
	if (i == TALLY_SLOTS) {
		t->own = &t->slots[TALLY_SLOTS - 1];
		return;
	}
	t->own = &t->slots[i];
	for (i = 0; i < TALLY_GAUGES; i++)
		atomic_store(&t->own->gauges[i], 0);
	atomic_store(&t->own->pid, getpid());
}

enum err
tally_open(struct tally **out, const char *dir)
{
	int fd;
	struct slot *slots =
	    mapped_open(dir, FILE_NAME, TALLY_SLOTS * sizeof(*slots), &fd);

	if (slots == NULL)
		return ERR_IO;
	*out = xmalloc(sizeof(**out));
	**out = (struct tally){.slots = slots, .fd = fd};
	take_slot(*out);
	return ERR_OK;
}

void
tally_close(struct tally **tp)
{
	if (*tp == NULL)
		return;
	munmap((*tp)->slots, TALLY_SLOTS * sizeof(struct slot));
	close((*tp)->fd);
	free(*tp);
	*tp = NULL;
}

static void
add_to(struct tally *t, size_t word, uint64_t n)
{
	atomic_fetch_add_explicit(
	    &t->own->words[word], n, memory_order_relaxed);
}

void
tally_add(struct tally *t, enum tally_count count, uint64_t n)
{
	add_to(t, WORD(counts) + count, n);
}

void
tally_move(struct tally *t, enum tally_gauge gauge, int64_t by)
{
	atomic_fetch_add_explicit(
	    &t->own->gauges[gauge], by, memory_order_relaxed);
}

void
tally_request(struct tally *t, enum tally_method method, int status)
{
	size_t class = (size_t)(status / 100 - 2);

	if (class < TALLY_CLASSES)
		add_to(t, WORD(requests) + method * TALLY_CLASSES + class, 1);
}

void
tally_time(struct tally *t, enum tally_timed timed, uint64_t us)
{
	size_t bucket = 0;

	while (bucket < TALLY_LIMITS && us > tally_limits_us[bucket])
		bucket++;
	add_to(t, WORD(buckets) + timed * (TALLY_LIMITS + 1) + bucket, 1);
	add_to(t, WORD(timed_us) + timed, us);
}

void
tally_sum(struct tally *t, struct tally_sums *sums)
{
	uint64_t words[WORDS] = {0};
	size_t i, k;

	for (i = 0; i < TALLY_SLOTS; i++)
		for (k = 0; k < WORDS; k++)
			words[k] += atomic_load_explicit(
			    &t->slots[i].words[k], memory_order_relaxed);
	memcpy(sums, words, sizeof(words));
}

/* Our own lock is none to ourselves. */
static bool
is_alive(struct tally *t, size_t slot)
{
	struct flock lock = lock_of(slot);

	if (&t->slots[slot] == t->own)
		return true;
	return fcntl(t->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Once: the agent of a cluster has two slots. */
static void
add_pid(struct tally_living *living, pid_t pid)
{
	size_t i;

	for (i = 0; i < living->npids; i++)
		if (living->pids[i] == pid)
			return;
	living->pids[living->npids++] = pid;
}

void
tally_look(struct tally *t, struct tally_living *living)
{
	struct slot *s;
	size_t i, k;

	*living = (struct tally_living){.npids = 0};
	for (i = 0; i < TALLY_SLOTS; i++) {
		s = &t->slots[i];
		if (!is_alive(t, i))
			continue;
		add_pid(living, (pid_t)atomic_load(&s->pid));
		for (k = 0; k < TALLY_GAUGES; k++)
			living->gauges[k] += atomic_load_explicit(
			    &s->gauges[k], memory_order_relaxed);
	}
}
