/*
 * backup - a copy of a store in use, and what was written since.
 *
 * Layer: store, for rillctl; manifest.h says what a backup looks like.
 *
 * A full backup copies the tables first, page by page, and then the log from
 * what recovery needed before on; recovery makes one state of them: that of
 * when the log was copied.  An increment adds what was logged since.  The
 * agent must keep its log files meanwhile, see control_hold(), and only one
 * backup of a store may be made at a time.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

#define BACKUP_WHY_SIZE 1024

struct backup;
struct env;

/* Told of progress, and asked whether to go on.  False: stop. */
typedef bool backup_progress_f(void *arg, const struct backup *);

struct backup {
	struct env *env;  /* which the caller keeps open meanwhile */
	const char *data; /* the data folder */
	const char *dir;  /* where the backup is, or is to be */
	bool full;        /* also if an increment would do */
	bool full_if_due; /* when the log since the last one is gone */
	backup_progress_f *on_progress;
	void *arg;

	/* How far it is, and what came of it. */
	bool is_increment;
	uint64_t bytes, all; /* copied, and about how many there are */
	char why[BACKUP_WHY_SIZE];
};

/*
 * Into a folder that holds no backup: a full one.  Into one that does: an
 * increment; the backup stays what it was until it is done.
 * Else why is a sentence for the user.  ERR_WRONG_VERSION: an increment does
 * not fit what is there, a full one is needed.  ERR_INVALID: the folder has
 * something else.  ERR_UNAVAILABLE: on_progress said stop.  ERR_DISK_FULL,
 * ERR_RECOVERY, ERR_IO, ERR_CORRUPT.
 */
enum err backup_run(struct backup *);

#endif
