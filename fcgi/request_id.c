#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/request_id.h"

static bool
is_sane(struct slice id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	size_t i;

	if (id.n == 0 || id.n >= REQUEST_ID_SIZE)
		return false;
	for (i = 0; i < id.n; i++)
		if (memchr(allowed, id.p[i], sizeof(allowed) - 1) == NULL)
			return false;
	return true;
}

void
request_id_choose(
    char out[REQUEST_ID_SIZE], struct slice sent, _Atomic uint64_t *next)
{
	if (is_sane(sent)) {
		memcpy(out, sent.p, sent.n);
		out[sent.n] = '\0';
		return;
	}
	snprintf(out, REQUEST_ID_SIZE, "%016" PRIx64,
	    atomic_fetch_add_explicit(next, 1, memory_order_relaxed));
}
