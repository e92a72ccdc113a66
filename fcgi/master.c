#include "config.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fcgi/master.h"
#include "store/alloc.h"
#include "store/clock.h"

#define LOOK_EVERY_MS 2

/* Files replaced within one tick of the disk's clock may look the same. */
#define SETTLED_MS 50

struct master {
	char *path;
	_Atomic int64_t next_look; /* in clock_mono_ms() */
	_Atomic int role;

	/* Held for writing while the file is read again. */
	pthread_rwlock_t lock;
	struct stat seen;
	int64_t changed; /* in clock_mono_ms() */
	struct buf url;
};

struct master *
master_new(const char *dir)
{
	struct master *m = xcalloc(1, sizeof(*m));

	m->path = xasprintf("%s/master", dir);
	pthread_rwlock_init(&m->lock, NULL);
	return m;
}

void
master_free(struct master **mp)
{
	struct master *m = *mp;

	if (m == NULL)
		return;
	pthread_rwlock_destroy(&m->lock);
	buf_fini(&m->url);
	free(m->path);
	free(m);
	*mp = NULL;
}

static enum master_role
role_of(struct slice name)
{
	if (slice_is(name, "master"))
		return MASTER_HERE;
	if (slice_is(name, "replica"))
		return MASTER_ELSEWHERE;
	return MASTER_UNKNOWN;
}

static struct slice
text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return slice_str(text == NULL ? "" : text);
}

static void
read_file(struct master *m)
{
	json_t *line = json_load_file(m->path, 0, NULL);
	enum master_role role = role_of(text_of(line, "role"));

	buf_reset(&m->url);
	buf_add_slice(&m->url, text_of(line, "url"));
	if (role == MASTER_ELSEWHERE && (m->url.n == 0 || buf_failed(&m->url)))
		role = MASTER_UNKNOWN;
	atomic_store(&m->role, (int)role);
	json_decref(line);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim);
}

/* A file that is missing is another one, too. */
static void
look(struct master *m, int64_t now)
{
	struct stat st = {0};

	stat(m->path, &st);
	pthread_rwlock_wrlock(&m->lock);
	if (!same_file(&st, &m->seen)) {
		m->seen = st;
		m->changed = now;
		read_file(m);
	} else if (now - m->changed < SETTLED_MS) {
		read_file(m);
	}
	pthread_rwlock_unlock(&m->lock);
}

/* One thread looks; the others meanwhile go by what was seen before. */
static void
look_if_due(struct master *m)
{
	int64_t now = clock_mono_ms(), due = atomic_load(&m->next_look);

	if (now >= due && atomic_compare_exchange_strong(
			      &m->next_look, &due, now + LOOK_EVERY_MS))
		look(m, now);
}

enum master_role
master_role(struct master *m)
{
	look_if_due(m);
	return (enum master_role)atomic_load(&m->role);
}

enum master_role
master_find(struct master *m, struct buf *url)
{
	enum master_role role;

	look_if_due(m);
	pthread_rwlock_rdlock(&m->lock);
	role = (enum master_role)atomic_load(&m->role);
	if (role == MASTER_ELSEWHERE)
		buf_add_slice(url, buf_slice(&m->url));
	pthread_rwlock_unlock(&m->lock);
	return role;
}
