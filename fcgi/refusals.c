#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi/refusals.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"

#define KINDS      16
#define TOLD_BYTES 56 /* of what clients are told, to know it by */

struct kind {
	char told[TOLD_BYTES];
	size_t n;
	char quoted[LOG_QUOTE_SIZE];
	struct log_burst burst;
};

struct refusals {
	pthread_mutex_t mutex;
	size_t n;
	struct kind kinds[KINDS]; /* the last is of all that come after it */
};

struct refusals *
refusals_new(void)
{
	struct refusals *rs = xcalloc(1, sizeof(*rs));

	pthread_mutex_init(&rs->mutex, NULL);
	return rs;
}

static void
settle(struct refusals *rs, int64_t now)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		log_burst_settle(&rs->kinds[i].burst, now);
}

void
refusals_free(struct refusals **rsp)
{
	if (*rsp == NULL)
		return;
	settle(*rsp, INT64_MAX);
	pthread_mutex_destroy(&(*rsp)->mutex);
	free(*rsp);
	*rsp = NULL;
}

static void
init(struct kind *k, struct slice told)
{
	memcpy(k->told, told.p, told.n);
	k->n = told.n;
	log_quote(k->quoted, told);
	k->burst = (struct log_burst){.mutex = PTHREAD_MUTEX_INITIALIZER,
	    .topic = "request",
	    .what = k->quoted,
	    .period_ms = REFUSALS_MS,
	    .most = REFUSALS_MOST};
}

static struct kind *
find(struct refusals *rs, struct slice told)
{
	size_t i;

	if (told.n > TOLD_BYTES)
		told.n = TOLD_BYTES;
	for (i = 0; i < rs->n; i++)
		if (rs->kinds[i].n == told.n &&
		    memcmp(rs->kinds[i].told, told.p, told.n) == 0)
			return &rs->kinds[i];
	if (rs->n == KINDS)
		return &rs->kinds[KINDS - 1];
	init(&rs->kinds[rs->n], told);
	return &rs->kinds[rs->n++];
}

bool
refusals_admit(struct refusals *rs, struct slice told)
{
	bool may;

	pthread_mutex_lock(&rs->mutex);
	may = log_burst_admit(&find(rs, told)->burst, clock_mono_ms());
	pthread_mutex_unlock(&rs->mutex);
	return may;
}

void
refusals_settle(struct refusals *rs)
{
	pthread_mutex_lock(&rs->mutex);
	settle(rs, clock_mono_ms());
	pthread_mutex_unlock(&rs->mutex);
}
