#include "config.h"

#include <strings.h>

#include "fcgi/header.h"

#define VERSION_MIN (-4)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
header_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_from(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
header_starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || strncasecmp(s.p, prefix, n) == 0);
}

bool
header_is(struct slice s, const char *word)
{
	return s.n == strlen(word) && header_starts(s, word);
}

/* Digits that stand for at most max. */
static bool
digits_read(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0, digit;
	size_t i;

	if (s.n == 0)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		digit = (uint64_t)(s.p[i] - '0');
		if (v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool
header_int64(struct slice s, int64_t *out)
{
	uint64_t max = INT64_MAX, v;
	bool is_negative;

	s = header_trim(s);
	is_negative = s.n > 0 && s.p[0] == '-';
	if (is_negative)
		max++;
	if (is_negative || (s.n > 0 && s.p[0] == '+'))
		s = slice_from(s, 1);
	if (!digits_read(s, max, &v))
		return false;
	if (is_negative && v == max)
		*out = INT64_MIN;
	else
		*out = is_negative ? -(int64_t)v : (int64_t)v;
	return true;
}

bool
header_bool(struct slice s, bool *out)
{
	bool is_true;

	s = header_trim(s);
	is_true = header_is(s, "true");
	if (!is_true && !header_is(s, "false"))
		return false;
	*out = is_true;
	return true;
}

static bool
int64_from(struct slice s, int64_t min, int64_t *out)
{
	int64_t v;

	if (!header_int64(s, &v) || v < min)
		return false;
	*out = v;
	return true;
}

bool
header_version(struct slice s, int64_t *out)
{
	return int64_from(s, VERSION_MIN, out);
}

bool
header_seconds(struct slice s, int64_t *out)
{
	return int64_from(s, 1, out);
}

bool
header_number(struct slice s, int64_t *out)
{
	uint64_t v;

	if (!digits_read(s, INT64_MAX, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

bool
header_positive(struct slice s, int64_t *out)
{
	int64_t v;

	if (!header_number(s, &v) || v == 0)
		return false;
	*out = v;
	return true;
}
