/*
 * manifest - what a backup consists of.
 *
 * Layer: store; knows the file, not the store.
 *
 * The folder of a backup has the file backup.json, a JSON object, and the
 * folder whose number it has, with the tables' files and the log files.  It is
 * written last, in place of the one before, so what it names is whole; a
 * folder without it is no backup, or one that was not finished.  Files may
 * have more bytes than it says, which an increment left that was not
 * finished: those do not count.
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "store/env.h"
#include "store/env_copy.h"
#include "store/err.h"

#define MANIFEST_FILE     "backup.json"
#define MANIFEST_FOLDER   "store-" /* and its number */
#define MANIFEST_WHY_SIZE 400

struct manifest {
	unsigned int folder;  /* its name, a number from 1 on */
	char id[ENV_ID_SIZE]; /* of the store */
	int64_t full_at;      /* ticks: when the tables had been copied */
	int64_t at;           /* ticks: what was committed then is in it */
	uint32_t first_log, last_log;
	uint64_t last_bytes;     /* of the last log file */
	uint64_t tables[TABLES]; /* bytes of their files */
};

/*
 * ERR_NO_EVENT: there is none.  ERR_IO, ERR_CORRUPT: why says what is wrong,
 * in a sentence.
 */
enum err manifest_read(
    struct manifest *, const char *dir, char why[MANIFEST_WHY_SIZE]);

/* 0, or errno. */
int manifest_write(const struct manifest *, const char *dir);

/* The folder with the files; the caller's to free. */
char *manifest_folder(const struct manifest *, const char *dir);

#endif
