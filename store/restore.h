/*
 * restore - a store made of a backup.
 *
 * Layer: store, for rillctl.  While it is being made the data folder has the
 * file `restoring`, and no agent starts on it.
 *
 * The backup stays as it is.  Nothing of a cluster is in one: what was
 * restored is a node's own store.
 */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"

#define RESTORE_WHY_SIZE 1024

struct restore;
struct verify;

typedef void restore_progress_f(void *arg, const struct restore *);

struct restore {
	const char *dir;  /* the backup */
	const char *data; /* the folder to restore into: new, or no store */
	size_t cache_bytes;
	restore_progress_f *on_progress;
	struct verify *verify; /* of what was restored */
	void *arg;

	/* How far it is, and what came of it. */
	uint64_t bytes, all;
	int64_t at; /* ticks: what was committed then is there */
	char why[RESTORE_WHY_SIZE];
};

/*
 * Copy, recover and verify.  Faults that are found are in *verify; else why is
 * a sentence for the user.  ERR_NO_EVENT: dir has no finished backup.
 * ERR_TAKEN: there is a store in data, or an agent.  ERR_CORRUPT: the backup
 * is damaged.  ERR_DISK_FULL, ERR_IO.
 */
enum err restore_run(struct restore *);

/* For the agent: whether a restore into data was begun and not finished. */
bool restore_is_unfinished(const char *data);

#endif
