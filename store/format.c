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

	(void)arg;
	return tbl_counters_get(tx, &c);
}

enum err
format_check(struct env *env)
{
	enum err e = txn_run_once(env, TXN_READ, read_counters, NULL);

	if (e == ERR_CORRUPT)
		log_error("store",
		    "the data folder was made by another version of Rill, "
		    "whose tables this one, of layout %d, cannot read",
		    COUNTERS_LAYOUT);
	return e;
}
