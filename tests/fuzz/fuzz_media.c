#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "fcgi/media.h"
#include "store/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct media_list *const lists[] = {&media_feed, &media_event,
    &media_atom, &media_atom_nobatch, &media_info, &media_jx};

static bool
has(const struct media_list *list, enum media type)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->types[i] == type)
			return true;
	return false;
}

/* The name that was chosen, asked for alone, is chosen again. */
static void
check_again(const struct media_list *list, struct media_choice c)
{
	struct slice name = slice_str(media_name(c));
	struct media_choice again = {MEDIA_NONE, false};

	assert(media_of_response(list, name, slice("", 0), &again));
	assert(again.type == c.type && again.kurrent == c.kurrent);
	assert(media_of_request(list, name) == c.type);
	assert(
	    media_of_request(list, slice_str(media_content_type(c))) == c.type);
}

static void
check_response(const struct media_list *list, struct slice accept)
{
	struct media_choice c = {MEDIA_NONE, false};

	if (media_of_response(list, accept, slice("", 0), &c)) {
		assert(has(list, c.type));
		check_again(list, c);
	} else {
		assert(c.type == MEDIA_NONE);
	}
}

/* An item of no use to anybody, put first, changes nothing. */
static void
check_useless_item(const struct media_list *list, struct slice accept)
{
	struct media_choice a = {MEDIA_NONE, false}, b = a;
	struct buf more = {0};
	size_t i, items = 1;

	for (i = 0; i < accept.n; i++)
		items += accept.p[i] == ',';
	if (items > 30 || accept.n == 0 || accept.p[0] == ' ' ||
	    accept.p[0] == '\t')
		return;
	buf_add_str(&more, "image/png,");
	buf_add_slice(&more, accept);
	media_of_response(list, accept, slice("", 0), &a);
	media_of_response(list, buf_slice(&more), slice("", 0), &b);
	assert(a.type == b.type && a.kurrent == b.kurrent);
	buf_fini(&more);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice(n == 0 ? "" : (const char *)data, n);
	struct media_choice c;
	enum media sent;
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		check_response(lists[i], text);
		check_useless_item(lists[i], text);
		sent = media_of_request(lists[i], text);
		assert(sent == MEDIA_NONE || has(lists[i], sent));
		if (media_of_response(lists[i], slice("", 0), text, &c))
			assert(has(lists[i], c.type));
	}
	return 0;
}
