#include "config.h"

#include "store/link.h"
#include "store/name.h"

/* Digits only, up to the greatest event number. */
static bool
parse_number(struct slice s, int64_t *out)
{
	uint64_t n = 0;
	size_t i;

	if (s.n == 0 || s.n > 19)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = (int64_t)n;
	return n <= INT64_MAX;
}

bool
link_parse(const struct event *e, int64_t *number, struct slice *stream)
{
	const char *at, *why;

	if (!slice_is(e->type, LINK_TYPE) || e->data.n == 0)
		return false;
	if ((at = memchr(e->data.p, '@', e->data.n)) == NULL)
		return false;
	*stream = slice_from(e->data, (size_t)(at - e->data.p) + 1);
	return parse_number(
		   slice(e->data.p, (size_t)(at - e->data.p)), number) &&
	       name_check(*stream, &why);
}
