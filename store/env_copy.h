/*
 * env_copy - copying the tables and the log of an environment in use.
 *
 * Layer: store; private to it (includes <db.h>).
 */
#ifndef STORE_ENV_COPY_H
#define STORE_ENV_COPY_H

#include <stdint.h>

#include "store/env.h"
#include "store/err.h"
#include "store/files.h"

/*
 * Copy a table's file to a folder and flush it; *n gets its length.  Each
 * page of it is one that was whole: the library has writers wait while it
 * reads theirs.  Pages are of different times, which recovery from the log
 * mends.  One process may do so at a time.
 * ERR_UNAVAILABLE: step said stop.  ERR_DISK_FULL, ERR_RECOVERY, ERR_IO.
 */
struct env_copy {
	enum table table;
	const char *to; /* the folder */
	files_step_f *step;
	void *arg;
	uint64_t n;
};
enum err env_copy_table(struct env *, struct env_copy *);

/* What tells this store from others, its copies excepted. */
#define ENV_ID_SIZE 41 /* hexadecimal, with the NUL */
enum err env_copy_id(struct env *, char id[ENV_ID_SIZE]);

/* The first log file that recovery would need now. */
enum err env_copy_first_log(struct env *, uint32_t *file);

/*
 * Flush the log; *file and *bytes get the file that it ends in, and where.
 * What was committed before is in front of it.
 */
enum err env_copy_log_end(struct env *, uint32_t *file, uint64_t *bytes);

/* The path of a log file in dir; the caller's to free. */
char *env_copy_log_path(const char *dir, uint32_t file);

#endif
