#include "config.h"

#include <nettle/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/secret.h"
#include "fcgi/throttle.h"
#include "store/alloc.h"
#include "store/be.h"
#include "store/log.h"

#define ENTRIES     4096
#define WAYS        8 /* entries where one key may stand */
#define SETS        (ENTRIES / WAYS)
#define REPORT_MS   60000
#define MAX_REPORTS 20 /* lines in that time */

enum kind { PAIR, LOGIN, ADDRESS, KINDS };

static const struct {
	unsigned int free_failures;
	int64_t half_life; /* ms */
} limits[KINDS] = {
    [PAIR] = {THROTTLE_FREE_PAIR, 600000},
    [LOGIN] = {THROTTLE_FREE_LOGIN, 60000},
    [ADDRESS] = {THROTTLE_FREE_ADDRESS, 60000},
};

struct key {
	unsigned char b[16];
};

struct entry {
	struct key key;
	enum kind kind;
	unsigned int failures; /* 0: the entry is empty */
	int64_t at;            /* until when time has made some good */
	int64_t until;         /* attempts are refused */
	int64_t reported;      /* 0: not yet */
};

struct throttle {
	pthread_mutex_t mutex;
	struct hmac_sha256_ctx keyed; /* nobody chooses where he stands */
	struct log_burst reports;
	struct entry entries[SETS][WAYS];
};

struct throttle *
throttle_new(void)
{
	struct throttle *t = xcalloc(1, sizeof(*t));
	unsigned char key[SHA256_DIGEST_SIZE];

	pthread_mutex_init(&t->mutex, NULL);
	t->reports = (struct log_burst){.mutex = PTHREAD_MUTEX_INITIALIZER,
	    .topic = "auth",
	    .what = "failed logins",
	    .period_ms = REPORT_MS,
	    .most = MAX_REPORTS};
	secret_random(key, sizeof(key));
	hmac_sha256_set_key(&t->keyed, sizeof(key), key);
	return t;
}

void
throttle_free(struct throttle **tp)
{
	if (*tp == NULL)
		return;
	pthread_mutex_destroy(&(*tp)->mutex);
	free(*tp);
	*tp = NULL;
}

static struct key
make_key(const struct throttle *t, const struct attempt *at, enum kind kind)
{
	struct address network = address_network(&at->from);
	struct hmac_sha256_ctx ctx = t->keyed;
	unsigned char what = (unsigned char)kind;
	struct key key;

	hmac_sha256_update(&ctx, 1, &what);
	if (kind != LOGIN)
		hmac_sha256_update(&ctx, sizeof(network.b), network.b);
	if (kind != ADDRESS)
		hmac_sha256_update(
		    &ctx, at->login.n, (const uint8_t *)at->login.p);
	hmac_sha256_digest(&ctx, sizeof(key.b), key.b);
	return key;
}

/* Forget what time has made good. */
static void
decay(struct entry *e, int64_t now)
{
	int64_t half_life = limits[e->kind].half_life;
	int64_t halves = (now - e->at) / half_life;

	if (halves <= 0)
		return;
	e->failures = halves < 32 ? e->failures >> halves : 0;
	e->at += halves * half_life;
}

static struct entry *
find_set(struct throttle *t, const struct key *key)
{
	return t->entries[be_get32(key->b) % SETS];
}

/* NULL: it has no failures. */
static struct entry *
find(struct throttle *t, const struct key *key, int64_t now)
{
	struct entry *set = find_set(t, key);
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].failures == 0 ||
		    memcmp(&set[i].key, key, sizeof(*key)) != 0)
			continue;
		decay(&set[i], now);
		return set[i].failures > 0 ? &set[i] : NULL;
	}
	return NULL;
}

/* An empty entry, or the one that counts least. */
static struct entry *
make_room(struct throttle *t, const struct key *key, int64_t now)
{
	struct entry *set = find_set(t, key), *least = set;
	int i;

	for (i = 0; i < WAYS; i++) {
		decay(&set[i], now);
		if (set[i].failures < least->failures)
			least = &set[i];
	}
	*least = (struct entry){.key = *key, .at = now};
	return least;
}

static int64_t
remaining(const struct entry *e, int64_t now)
{
	return e != NULL && e->until > now ? e->until - now : 0;
}

static int64_t
longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
throttle_wait(struct throttle *t, const struct attempt *at)
{
	struct entry *found[KINDS];
	struct key key;
	int64_t wait;
	int kind;

	pthread_mutex_lock(&t->mutex);
	for (kind = 0; kind < KINDS; kind++) {
		key = make_key(t, at, (enum kind)kind);
		found[kind] = find(t, &key, at->now);
	}
	wait = longer(remaining(found[PAIR], at->now),
	    remaining(found[ADDRESS], at->now));
	if (found[PAIR] != NULL)
		wait = longer(wait, remaining(found[LOGIN], at->now));
	pthread_mutex_unlock(&t->mutex);
	return wait;
}

static int64_t
penalty(unsigned int failures, unsigned int free)
{
	unsigned int beyond = failures > free ? failures - free : 0;

	if (beyond == 0)
		return 0;
	if (beyond > 7) /* 250 ms << 7 are more than the most */
		return THROTTLE_MOST_MS;
	return (int64_t)THROTTLE_FIRST_MS << (beyond - 1);
}

static void
report(const struct attempt *at, enum kind kind, unsigned int failures)
{
	char address[ADDRESS_TEXT_SIZE], login[LOG_QUOTE_SIZE];

	address_print(address, &at->from);
	log_quote(login, at->login);
	if (kind == PAIR)
		log_warn("auth", "%u failed logins from %s as %s", failures,
		    address, login);
	else if (kind == LOGIN)
		log_warn("auth",
		    "%u failed logins as %s, from whatever address", failures,
		    login);
	else
		log_warn("auth", "%u failed logins from %s", failures, address);
}

/* Whether a line about this is due; there are not many a minute in all. */
static bool
is_due(struct throttle *t, struct entry *e, int64_t now)
{
	if (e->reported != 0 && now - e->reported < REPORT_MS)
		return false;
	if (!log_burst_admit(&t->reports, now))
		return false;
	e->reported = now;
	return true;
}

/* How many failures to report; 0: nothing is due. */
static unsigned int
count(struct throttle *t, const struct attempt *at, enum kind kind)
{
	struct key key = make_key(t, at, kind);
	struct entry *e = find(t, &key, at->now);
	unsigned int free = limits[kind].free_failures;

	if (e == NULL) {
		e = make_room(t, &key, at->now);
		e->kind = kind;
	}
	e->failures++;
	e->until = longer(e->until, at->now + penalty(e->failures, free));
	return e->failures > free && is_due(t, e, at->now) ? e->failures : 0;
}

void
throttle_failed(struct throttle *t, const struct attempt *at)
{
	unsigned int due[KINDS];
	int kind;

	pthread_mutex_lock(&t->mutex);
	for (kind = 0; kind < KINDS; kind++)
		due[kind] = count(t, at, (enum kind)kind);
	pthread_mutex_unlock(&t->mutex);
	for (kind = 0; kind < KINDS; kind++)
		if (due[kind] > 0)
			report(at, (enum kind)kind, due[kind]);
}

void
throttle_passed(struct throttle *t, const struct attempt *at)
{
	struct key key = make_key(t, at, PAIR);
	struct entry *e;

	pthread_mutex_lock(&t->mutex);
	if ((e = find(t, &key, at->now)) != NULL)
		*e = (struct entry){.failures = 0};
	pthread_mutex_unlock(&t->mutex);
}
