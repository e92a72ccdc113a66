#include "config.h"

#include <nettle/memops.h>
#include <pthread.h>
#include <stdlib.h>

#include "fcgi/gate.h"
#include "store/alloc.h"

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t left;
	unsigned int slots; /* free ones */
	unsigned int nkeys;
	unsigned int max_keys;
	/* What is checked, and what waits for it. */
	const struct credential *keys[];
};

struct gate *
gate_new(unsigned int slots, unsigned int max_waiting)
{
	unsigned int n = slots + max_waiting;
	struct gate *g = xcalloc(1, sizeof(*g) + n * sizeof(g->keys[0]));

	pthread_mutex_init(&g->mutex, NULL);
	pthread_cond_init(&g->left, NULL);
	g->slots = slots;
	g->max_keys = n;
	return g;
}

void
gate_free(struct gate **gp)
{
	if (*gp == NULL)
		return;
	pthread_cond_destroy(&(*gp)->left);
	pthread_mutex_destroy(&(*gp)->mutex);
	free(*gp);
	*gp = NULL;
}

static bool
is_inside(const struct gate *g, const struct credential *key)
{
	unsigned int i;

	for (i = 0; key != NULL && i < g->nkeys; i++)
		if (g->keys[i] != NULL &&
		    memeql_sec(g->keys[i], key, sizeof(*key)))
			return true;
	return false;
}

static void
wait_for_slot(struct gate *g, const struct credential *key)
{
	g->keys[g->nkeys++] = key;
	while (g->slots == 0)
		pthread_cond_wait(&g->left, &g->mutex);
	g->slots--;
}

enum gate_result
gate_enter(struct gate *g, const struct credential *key)
{
	enum gate_result result = GATE_OPEN;

	pthread_mutex_lock(&g->mutex);
	if (is_inside(g, key)) {
		result = GATE_WAITED;
		while (is_inside(g, key))
			pthread_cond_wait(&g->left, &g->mutex);
	} else if (g->nkeys == g->max_keys) {
		result = GATE_FULL;
	} else {
		wait_for_slot(g, key);
	}
	pthread_mutex_unlock(&g->mutex);
	return result;
}

void
gate_leave(struct gate *g, const struct credential *key)
{
	unsigned int i;

	pthread_mutex_lock(&g->mutex);
	for (i = 0; g->keys[i] != key; i++)
		continue;
	g->keys[i] = g->keys[--g->nkeys];
	g->slots++;
	pthread_cond_broadcast(&g->left);
	pthread_mutex_unlock(&g->mutex);
}
