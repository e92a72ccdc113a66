#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/alloc.h"
#include "store/defaults.h"
#include "store/env.h"
#include "store/json.h"
#include "store/stream.h"
#include "store/txn.h"

#define STREAM "$settings"

struct defaults {
	unsigned int references; /* under the cache's mutex */
	struct defaults_cache *cache;
	uint64_t stream_id;
	struct event event; /* number and created alone */
	char *text;
	struct slice acls[2]; /* of user and of system streams */
};

struct defaults_cache {
	pthread_mutex_t mutex;
	struct defaults *newest; /* what was read last; may be NULL */
};

struct defaults_cache *
defaults_cache_new(void)
{
	struct defaults_cache *c = xcalloc(1, sizeof(*c));

	pthread_mutex_init(&c->mutex, NULL);
	return c;
}

void
defaults_cache_free(struct defaults_cache **cp)
{
	if (*cp == NULL)
		return;
	defaults_cache_forget(*cp);
	pthread_mutex_destroy(&(*cp)->mutex);
	free(*cp);
	*cp = NULL;
}

static void
put_back(struct defaults *d)
{
	if (d == NULL || --d->references > 0)
		return;
	free(d->text);
	free(d);
}

/* The mutex held; d may be NULL. */
static void
replace(struct defaults_cache *c, struct defaults *d)
{
	put_back(c->newest);
	c->newest = d;
	if (d != NULL)
		d->references++;
}

void
defaults_cache_forget(struct defaults_cache *c)
{
	pthread_mutex_lock(&c->mutex);
	replace(c, NULL);
	pthread_mutex_unlock(&c->mutex);
}

void
defaults_release(struct defaults **dp)
{
	struct defaults_cache *c;

	if (*dp == NULL)
		return;
	c = (*dp)->cache;
	pthread_mutex_lock(&c->mutex);
	put_back(*dp);
	pthread_mutex_unlock(&c->mutex);
	*dp = NULL;
}

static struct defaults *
find_kept(struct defaults_cache *c, const struct stream *s)
{
	struct defaults *d;

	pthread_mutex_lock(&c->mutex);
	d = c->newest;
	if (d != NULL && (d->stream_id != s->id || d->event.number != s->last))
		d = NULL;
	if (d != NULL)
		d->references++;
	pthread_mutex_unlock(&c->mutex);
	return d;
}

/* What a write transaction sees may be its own and never come to be. */
static void
keep(struct txn *tx, struct defaults *d)
{
	if (tx->kind != TXN_READ)
		return;
	pthread_mutex_lock(&d->cache->mutex);
	replace(d->cache, d);
	pthread_mutex_unlock(&d->cache->mutex);
}

/* Any wrong list spoils the whole document. */
static bool
read_document(struct slice acls[2], struct slice data)
{
	struct json_value document, v;
	struct json_iter it;
	struct slice name;

	if (!json_parse(&document, data, NULL) || document.kind != JSON_OBJECT)
		return false;
	json_iter_init(&it, document);
	while (json_iter_member(&it, &name, &v)) {
		if (settings_name_is(name, "$userStreamAcl") &&
		    !settings_read_acl(&v, &acls[false]))
			return false;
		if (settings_name_is(name, "$systemStreamAcl") &&
		    !settings_read_acl(&v, &acls[true]))
			return false;
	}
	return true;
}

static enum err
make(struct txn *tx, const struct event *ev, struct defaults **out)
{
	struct defaults *d = xcalloc(1, sizeof(*d));

	d->references = 1;
	d->cache = env_defaults(tx->env);
	d->event.number = ev->number;
	d->event.created = ev->created;
	if ((d->text = malloc(ev->data.n + 1)) == NULL) {
		free(d);
		return ERR_NO_MEMORY;
	}
	if (ev->data.n > 0)
		memcpy(d->text, ev->data.p, ev->data.n);
	if (!read_document(d->acls, slice(d->text, ev->data.n)))
		d->acls[false] = d->acls[true] = slice("", 0);
	*out = d;
	return ERR_OK;
}

static enum err
read_newest(struct txn *tx, const struct stream *s, struct defaults **d)
{
	struct page *pg = page_new();
	enum err e = stream_event(tx, s, s->last, pg);

	if (e == ERR_OK)
		e = make(tx, &page_entry(pg, 0)->event, d);
	page_free(&pg);
	if (e != ERR_OK)
		return e == ERR_NO_EVENT ? ERR_OK : e;
	(*d)->stream_id = s->id;
	keep(tx, *d);
	return ERR_OK;
}

enum err
defaults_hold(struct txn *tx, struct defaults **d)
{
	struct stream s;
	enum err e = stream_lookup(tx, slice_str(STREAM), &s);

	*d = NULL;
	if (e == ERR_NO_STREAM || e == ERR_DELETED)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	if ((*d = find_kept(env_defaults(tx->env), &s)) == NULL)
		return read_newest(tx, &s, d);
	/* It may be hidden since: truncated, or too old. */
	if (!stream_shows(&s, &(*d)->event))
		defaults_release(d);
	return ERR_OK;
}

struct slice
defaults_acl(const struct defaults *d, bool of_system_streams)
{
	return d == NULL ? slice("", 0) : d->acls[of_system_streams];
}
