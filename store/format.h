/*
 * format - whether the tables are laid out as this program lays them out.
 *
 * Layer: store.
 */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H

#include <stdint.h>

#include "store/err.h"

struct env;

/*
 * Look at the layout's number, which stands with the counters; a store that
 * has none yet is fine.  *end gets the next event's position.  ERR_CORRUPT: it
 * is another's, and the log says so. ERR_RECOVERY, ERR_BUSY, ERR_NO_MEMORY,
 * ERR_IO.
 */
enum err format_check(struct env *, uint64_t *end);

#endif
