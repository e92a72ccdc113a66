/*
 * spare - the next log file, made before the library wants it.
 *
 * Layer: store; knows files, nothing of Berkeley DB.
 *
 * A flush of what went into blocks that the file did not have before takes
 * nearly twice as long: the file system writes down where they are, too.  The
 * library makes its log files with a hole for most of what will be in them.
 * (DB_LOG_ZERO has it fill them, while everybody who appends waits.)
 */
#ifndef STORE_SPARE_H
#define STORE_SPARE_H

#include <stdbool.h>
#include <stddef.h>

bool spare_is_there(const char *dir);

/*
 * Make one in dir, of so many bytes that are all zero and on the disk; in
 * pieces, so that who flushes something else meanwhile waits for little.
 * 0, or errno; then there is none.
 */
int spare_make(const char *dir, size_t bytes);

/* For a node whose replication looks at all files in dir. */
void spare_remove(const char *dir);

/*
 * When the file at path is about to be created: have the spare be that file,
 * if it is a log file, does not exist, and there is a spare.  0, or errno: it
 * may or may not be there after a power failure, so nobody may write to it;
 * then it is logged.
 */
int spare_take(const char *path);

#endif
