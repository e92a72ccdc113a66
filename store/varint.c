#include "config.h"

#include "store/varint.h"

size_t
varint_size(uint64_t v)
{
	size_t n = 1;

	while (n < VARINT_MOST && v >> 7 * n != 0)
		n++;
	return n;
}

unsigned char *
varint_put(unsigned char *out, uint64_t v)
{
	size_t n = varint_size(v), i;

	for (i = n; i-- > 0; v >>= 8)
		out[i] = (unsigned char)v;
	out[0] |= (unsigned char)~(0xffu >> (n - 1));
	return out + n;
}

/* How many bytes one has that begins with this. */
static size_t
size_from(unsigned char first)
{
	size_t n = 1;

	while (n < VARINT_MOST && (first & 0x80u >> (n - 1)) != 0)
		n++;
	return n;
}

bool
varint_take(struct slice *rest, uint64_t *v)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	uint64_t found;
	size_t n, i;

	if (rest->n == 0 || (n = size_from(p[0])) > rest->n)
		return false;
	found = p[0] & 0xffu >> n;
	for (i = 1; i < n; i++)
		found = found << 8 | p[i];
	if (varint_size(found) != n)
		return false;
	*v = found;
	*rest = slice_from(*rest, n);
	return true;
}

bool
varint_take_number(struct slice *rest, int64_t *number)
{
	struct slice after = *rest;
	uint64_t v;

	if (!varint_take(&after, &v) || v > INT64_MAX)
		return false;
	*number = (int64_t)v;
	*rest = after;
	return true;
}
