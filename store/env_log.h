/*
 * env_log - the environment's log files: which may go, and the next one.
 *
 * Layer: store; private to it.
 */
#ifndef STORE_ENV_LOG_H
#define STORE_ENV_LOG_H

#include <stdint.h>

#include "store/err.h"

struct env;

/* Log files that other nodes, or backups, have not read yet. */
struct env_log_need {
	uint32_t from_file;    /* the first that a node needs */
	uint64_t keep_bytes;   /* but not more than this of them */
	uint64_t backup_bytes; /* so much is kept in any case */
};

/* Remove others from before the last checkpoint; *n gets how many. */
enum err env_remove_logs(
    struct env *, const struct env_log_need *, unsigned int *n);

/*
 * Make the next log file when it is time, unless there is one or room is short;
 * it takes a while.  Only for a node that is alone.  Called by one thread.
 * ERR_DISK_FULL, ERR_IO: logged, and the library will make it.
 */
enum err env_prepare_log(struct env *);

#endif
