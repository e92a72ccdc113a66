#include "config.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <pthread.h>
#include <string.h>

#include "fcgi/credentials.h"
#include "fcgi/secret.h"
#include "store/be.h"
#include "store/identity.h"

#define WAYS 4 /* entries where one credential may stand */
#define SETS (CREDENTIALS_MAX / WAYS)

struct entry {
	struct credential credential;
	struct credential_memory memory;
	int64_t until; /* ms; 0: the entry is empty */
};

/* Wrong ones have a table of their own: guesses push out no good ones. */
enum kind { GOOD, BAD, KINDS };

struct credentials {
	pthread_mutex_t mutex;
	struct hmac_sha256_ctx keyed;
	struct entry entries[KINDS][SETS][WAYS];
};

struct credentials *
credentials_new(void)
{
	struct credentials *c = secret_new(sizeof(*c));
	unsigned char key[SHA256_DIGEST_SIZE];

	pthread_mutex_init(&c->mutex, NULL);
	secret_random(key, sizeof(key));
	hmac_sha256_set_key(&c->keyed, sizeof(key), key);
	explicit_bzero(key, sizeof(key));
	return c;
}

static void
empty(struct entry *e)
{
	identity_free(&e->memory.who);
	explicit_bzero(e, sizeof(*e));
}

void
credentials_free(struct credentials **cp)
{
	struct credentials *c = *cp;
	struct entry *first;
	size_t i;

	if (c == NULL)
		return;
	first = &c->entries[0][0][0];
	for (i = 0; i < sizeof(c->entries) / sizeof(*first); i++)
		empty(first + i);
	pthread_mutex_destroy(&c->mutex);
	secret_free(c, sizeof(*c));
	*cp = NULL;
}

void
credentials_digest(const struct credentials *c, struct slice login,
    struct slice password, struct credential *out)
{
	struct hmac_sha256_ctx ctx = c->keyed;
	unsigned char length[8];

	be_put64(length, login.n);
	hmac_sha256_update(&ctx, sizeof(length), length);
	hmac_sha256_update(&ctx, login.n, (const uint8_t *)login.p);
	hmac_sha256_update(&ctx, password.n, (const uint8_t *)password.p);
	hmac_sha256_digest(&ctx, sizeof(out->digest), out->digest);
	explicit_bzero(&ctx, sizeof(ctx));
}

static struct entry *
find_set(struct credentials *c, const struct credential *cr, enum kind kind)
{
	return c->entries[kind][be_get32(cr->digest) % SETS];
}

static bool
is_of(const struct entry *e, const struct credential *cr)
{
	return memeql_sec(&e->credential, cr, sizeof(*cr)) != 0;
}

static struct entry *
find(struct credentials *c, const struct credential *cr)
{
	struct entry *set;
	int kind, i;

	for (kind = GOOD; kind < KINDS; kind++) {
		set = find_set(c, cr, (enum kind)kind);
		for (i = 0; i < WAYS; i++)
			if (set[i].until > 0 && is_of(&set[i], cr))
				return &set[i];
	}
	return NULL;
}

bool
credentials_find(struct credentials *c, const struct credential *cr,
    int64_t now, struct credential_memory *memory)
{
	struct entry *e;

	pthread_mutex_lock(&c->mutex);
	e = find(c, cr);
	if (e != NULL && e->until <= now) {
		empty(e);
		e = NULL;
	}
	if (e != NULL) {
		*memory = e->memory;
		if (memory->who != NULL) {
			memory->who = identity_keep(memory->who);
			e->until = now + CREDENTIALS_GOOD_MS;
		}
	}
	pthread_mutex_unlock(&c->mutex);
	return e != NULL;
}

/* The one of a set that would be forgotten first. */
static struct entry *
find_oldest(struct entry *set)
{
	struct entry *oldest = set;
	int i;

	for (i = 1; i < WAYS; i++)
		if (set[i].until < oldest->until)
			oldest = &set[i];
	return oldest;
}

void
credentials_remember(struct credentials *c, const struct credential *cr,
    int64_t now, const struct credential_memory *memory)
{
	enum kind kind = memory->who != NULL ? GOOD : BAD;
	struct entry *e;

	pthread_mutex_lock(&c->mutex);
	if ((e = find(c, cr)) != NULL)
		empty(e);
	e = find_oldest(find_set(c, cr, kind));
	empty(e);
	e->credential = *cr;
	e->memory = *memory;
	e->memory.who = identity_keep(memory->who);
	e->until =
	    now + (kind == GOOD ? CREDENTIALS_GOOD_MS : CREDENTIALS_BAD_MS);
	pthread_mutex_unlock(&c->mutex);
}

void
credentials_forget(struct credentials *c, const struct credential *cr)
{
	struct entry *e;

	pthread_mutex_lock(&c->mutex);
	if ((e = find(c, cr)) != NULL)
		empty(e);
	pthread_mutex_unlock(&c->mutex);
}
