#include "config.h"

#include <string.h>

#include "cluster-agent/tenure.h"

void
tenure_begin(
    struct tenure *t, const struct conf_cluster *conf, int64_t lease_ms)
{
	size_t i;

	*t = (struct tenure){.nnodes = conf->nnodes,
	    .self = conf->self,
	    .lease_ms = lease_ms,
	    .majority_at = TENURE_NEVER};
	for (i = 0; i < t->nnodes; i++)
		t->asked[i] = TENURE_NEVER;
}

/*
 * The latest time that more than half of the nodes have not fallen behind;
 * this one never does.
 */
static int64_t
majority_asked(const struct tenure *t, int64_t now_ms)
{
	size_t i, k, later;
	int64_t at, best = TENURE_NEVER;

	for (i = 0; i < t->nnodes; i++) {
		at = i == t->self ? now_ms : t->asked[i];
		for (later = 0, k = 0; k < t->nnodes; k++)
			later += k == t->self || t->asked[k] >= at;
		if (later > t->nnodes / 2 && at > best)
			best = at;
	}
	return best;
}

void
tenure_confirm(struct tenure *t, size_t node, int64_t asked_ms, int64_t now_ms)
{
	t->is_gone[node] = false;
	if (t->asked[node] < asked_ms)
		t->asked[node] = asked_ms;
	if (t->majority_at == TENURE_NEVER &&
	    majority_asked(t, now_ms) != TENURE_NEVER)
		t->majority_at = now_ms;
}

void
tenure_lose(struct tenure *t, size_t node)
{
	t->asked[node] = TENURE_NEVER;
}

void
tenure_gone(struct tenure *t, size_t node)
{
	t->is_gone[node] = true;
}

/* Whether none of the others can still believe in itself. */
static bool
all_accounted_for(const struct tenure *t)
{
	size_t i;

	for (i = 0; i < t->nnodes; i++)
		if (i != t->self && !t->is_gone[i] &&
		    t->asked[i] == TENURE_NEVER)
			return false;
	return true;
}

bool
tenure_may_begin(const struct tenure *t, int64_t now_ms)
{
	if (now_ms >= tenure_until(t, now_ms))
		return false;
	if (all_accounted_for(t))
		return true;
	return t->majority_at != TENURE_NEVER &&
	       now_ms >= t->majority_at + t->lease_ms;
}

int64_t
tenure_until(const struct tenure *t, int64_t now_ms)
{
	int64_t at = majority_asked(t, now_ms);

	return at == TENURE_NEVER ? TENURE_NEVER : at + t->lease_ms;
}
