#include "config.h"

#include <stdlib.h>

#include "store/account.h"
#include "store/alloc.h"
#include "store/stream.h"
#include "store/user_list.h"

#define PAGE_EVENTS 256

struct list {
	struct page *page;
	int64_t next; /* the event to read next */
	int64_t last; /* of $users */
	char **logins;
	size_t n, size;
};

static enum err
read_page(struct txn *tx, void *arg)
{
	struct list *l = arg;
	struct stream_range range;
	struct stream s;
	enum err e;

	page_reset(l->page);
	if ((e = stream_lookup(tx, slice_str("$users"), &s)) != ERR_OK)
		return e;
	if (l->next < s.first)
		l->next = s.first;
	l->last = s.last;
	range = (struct stream_range){l->next, l->next + PAGE_EVENTS - 1};
	return stream_page(tx, &s, &range, l->page);
}

static enum err
add_login(struct list *l, struct slice login)
{
	if (login.n == 0 || login.n > ACCOUNT_MAX_LOGIN ||
	    memchr(login.p, '\0', login.n) != NULL)
		return ERR_OK;
	if (l->n == USER_LIST_MAX)
		return ERR_TOO_LARGE;
	if (l->n == l->size) {
		l->size = l->size == 0 ? 64 : 2 * l->size;
		l->logins = xrealloc(l->logins, l->size * sizeof(*l->logins));
	}
	l->logins[l->n++] = xstrndup(login.p, login.n);
	return ERR_OK;
}

static enum err
add_page(struct list *l)
{
	const struct event *ev;
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; i < page_count(l->page) && e == ERR_OK; i++) {
		ev = &page_entry(l->page, i)->event;
		if (slice_is(ev->type, "$User"))
			e = add_login(l, ev->data);
	}
	l->next += PAGE_EVENTS;
	return e;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err
read_logins(struct list *l, struct store *st)
{
	enum err e;

	do {
		e = stream_run(st, read_page, l);
		if (e == ERR_OK)
			e = add_page(l);
	} while (e == ERR_OK && l->next <= l->last);
	if (l->n > 0)
		qsort(l->logins, l->n, sizeof(*l->logins), compare);
	return e == ERR_NO_STREAM || e == ERR_DELETED ? ERR_OK : e;
}

static enum err
give(struct store *st, const char *login, user_list_each_f *each, void *arg)
{
	struct account *a = NULL;
	enum err e = account_read(&a, st, slice_str(login));

	if (e == ERR_OK)
		each(arg, a);
	account_free(&a);
	return e == ERR_NO_STREAM || e == ERR_CORRUPT ? ERR_OK : e;
}

enum err
user_list_read(struct store *st, user_list_each_f *each, void *arg)
{
	struct list l = {.page = page_new()};
	enum err e = read_logins(&l, st);
	size_t i;

	for (i = 0; i < l.n && e == ERR_OK; i++)
		if (i == 0 || strcmp(l.logins[i - 1], l.logins[i]) != 0)
			e = give(st, l.logins[i], each, arg);
	for (i = 0; i < l.n; i++)
		free(l.logins[i]);
	free(l.logins);
	page_free(&l.page);
	return e;
}
