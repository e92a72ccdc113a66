#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/mapped.h"
#include "store/role.h"

#define FILE_SIZE 4096
#define CALM_MS   15
/* Of the word that says what is acked, and in which tenure. */
#define END_BITS 48
#define END_MASK ((UINT64_C(1) << END_BITS) - 1)

#define URL_WORDS ((CONF_TEXT_MAX + 1) / sizeof(uint64_t))

/*
 * What stands in the file.  Kind, tenure and url belong together: sequence
 * is odd while they change, and another when they have.
 */
struct shared {
	_Atomic uint64_t sequence;
	_Atomic uint64_t kind;
	_Atomic uint64_t tenure;
	_Atomic uint64_t has_peers;
	_Atomic int64_t until_ms;
	_Atomic int64_t calm_ms;
	_Atomic uint64_t acked;
	_Atomic uint64_t members;
	_Atomic uint64_t position;
	_Atomic uint64_t master_position;
	_Atomic uint64_t url[URL_WORDS];
};

struct role {
	struct shared *shared;
};

_Static_assert(sizeof(struct shared) <= FILE_SIZE, "it fits into the file");

enum err
role_open(struct role **out, const char *dir)
{
	struct shared *shared = mapped_open(dir, "role", FILE_SIZE, NULL);

	if (shared == NULL)
		return ERR_IO;
	*out = xmalloc(sizeof(**out));
	(*out)->shared = shared;
	return ERR_OK;
}

void
role_close(struct role **rp)
{
	if (*rp == NULL)
		return;
	munmap((*rp)->shared, FILE_SIZE);
	free(*rp);
	*rp = NULL;
}

static void
copy_url(struct shared *s, char *url)
{
	uint64_t words[URL_WORDS];
	size_t i;

	for (i = 0; i < URL_WORDS; i++)
		words[i] = atomic_load(&s->url[i]);
	memcpy(url, words, sizeof(words));
	url[CONF_TEXT_MAX] = '\0';
}

static enum role_kind
kind_now(struct shared *s)
{
	uint64_t kind = atomic_load(&s->kind);

	if (kind == ROLE_REPLICA)
		return ROLE_REPLICA;
	if (kind == ROLE_MASTER && clock_mono_ms() < atomic_load(&s->until_ms))
		return ROLE_MASTER;
	return ROLE_NONE;
}

void
role_look(struct role *r, struct role_view *v)
{
	struct shared *s = r->shared;
	uint64_t before;

	do {
		before = atomic_load(&s->sequence);
		v->kind = kind_now(s);
		v->tenure = atomic_load(&s->tenure);
		copy_url(s, v->url);
	} while (before % 2 != 0 || atomic_load(&s->sequence) != before);
	v->position = atomic_load(&s->position);
	v->master_position = atomic_load(&s->master_position);
	if (v->kind == ROLE_NONE)
		v->url[0] = '\0';
}

bool
role_is_master(struct role *r, uint64_t *tenure)
{
	struct shared *s = r->shared;
	uint64_t before, found;
	enum role_kind kind;

	do {
		before = atomic_load(&s->sequence);
		kind = kind_now(s);
		found = atomic_load(&s->tenure);
	} while (before % 2 != 0 || atomic_load(&s->sequence) != before);
	if (tenure != NULL)
		*tenure = found;
	return kind == ROLE_MASTER;
}

bool
role_has_peers(struct role *r)
{
	return atomic_load(&r->shared->has_peers) != 0;
}

bool
role_is_calm(struct role *r)
{
	return clock_mono_ms() - atomic_load(&r->shared->calm_ms) < CALM_MS;
}

void
role_note_calm(struct role *r)
{
	atomic_store(&r->shared->calm_ms, clock_mono_ms());
}

/* The end that a word says if it is of this tenure, else 0. */
static uint64_t
end_in(uint64_t word, uint64_t tenure)
{
	return word >> END_BITS == (tenure & 0xffff) ? word & END_MASK : 0;
}

uint64_t
role_members(struct role *r)
{
	return atomic_load(&r->shared->members);
}

void
role_set_members(struct role *r, uint64_t members)
{
	atomic_store(&r->shared->members, members);
}

uint64_t
role_acked(struct role *r)
{
	uint64_t word = atomic_load(&r->shared->acked);

	return end_in(word, atomic_load(&r->shared->tenure));
}

void
role_raise_acked(struct role *r, uint64_t tenure, uint64_t end)
{
	struct shared *s = r->shared;
	uint64_t now = atomic_load(&s->acked);
	uint64_t word = tenure << END_BITS | (end & END_MASK);

	while (atomic_load(&s->tenure) == tenure && end_in(now, tenure) < end &&
	       !atomic_compare_exchange_weak(&s->acked, &now, word))
		continue;
}

void
role_assume(struct role *r, enum role_kind kind, const char *url)
{
	struct shared *s = r->shared;
	uint64_t words[URL_WORDS] = {0};
	size_t i, n = strlen(url);

	memcpy(words, url, n < CONF_TEXT_MAX ? n : CONF_TEXT_MAX);
	/* An agent that died here left it odd. */
	atomic_store(&s->sequence, atomic_load(&s->sequence) | 1);
	atomic_store(&s->until_ms, 0);
	atomic_store(&s->kind, (uint64_t)kind);
	atomic_fetch_add(&s->tenure, 1);
	for (i = 0; i < URL_WORDS; i++)
		atomic_store(&s->url[i], words[i]);
	atomic_fetch_add(&s->sequence, 1);
}

void
role_reset(struct role *r, bool has_peers)
{
	atomic_store(&r->shared->has_peers, has_peers);
	role_assume(r, ROLE_NONE, "");
	atomic_store(&r->shared->acked, 0);
	atomic_store(&r->shared->calm_ms, INT64_MIN / 2);
	role_set_members(r, 0);
	role_set_position(r, 0);
	role_set_master_position(r, 0);
}

void
role_prolong(struct role *r, int64_t until_ms)
{
	if (atomic_load(&r->shared->until_ms) < until_ms)
		atomic_store(&r->shared->until_ms, until_ms);
}

void
role_set_position(struct role *r, uint64_t position)
{
	atomic_store(&r->shared->position, position);
}

void
role_set_master_position(struct role *r, uint64_t position)
{
	atomic_store(&r->shared->master_position, position);
}

const char *
role_text(enum role_kind kind)
{
	switch (kind) {
	case ROLE_MASTER:
		return "master";
	case ROLE_REPLICA:
		return "replica";
	case ROLE_NONE:
		break;
	}
	return "none";
}
