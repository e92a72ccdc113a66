#include "config.h"

#include <stddef.h>

#include "store/format.h"
#include "store/log.h"
#include "store/tbl_counters.h"
#include "store/txn.h"

static enum err
read_counters(struct txn *tx, void *arg)
{
	struct counters c;
	enum err e = tbl_counters_get(tx, &c);

	*(uint64_t *)arg = c.position;
	return e;
}

enum err
format_check(struct env *env, uint64_t *end)
{
	enum err e = txn_run_once(env, TXN_READ, read_counters, end);

	if (e == ERR_CORRUPT)
		log_error("store",
		    "the data folder was made by another version of Rill, "
		    "whose tables this one, of layout %d, cannot read; export "
		    "its events with that version (rillctl export), and "
		    "import them into a new data folder (rillctl import)",
		    COUNTERS_LAYOUT);
	return e;
}
