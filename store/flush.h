/*
 * flush - forcing files to the disk, and what it means when that fails.
 *
 * Layer: store; knows files, nothing of Berkeley DB.
 *
 * A flush that fails may have dropped what it could not write: on Linux the
 * pages count as clean afterwards, and the next flush of the same file succeeds
 * with a hole in it.  So nobody may go on after the first failure.  The
 * system's copies of the file's pages are let go here, so that whoever recovers
 * sees what the disk has, as after a power failure.
 */
#ifndef STORE_FLUSH_H
#define STORE_FLUSH_H

#include <stdbool.h>

/* 0, or errno; then the log says which file, and the store needs recovery. */
int flush_fd(int fd);

/* The same for the names in a folder. */
int flush_dir(const char *path);

/* Whether the file of that path is one of the library's log files. */
bool flush_names_log(const char *path);

/*
 * Of what failed ("writing"): whether it was with a log file; then it is
 * logged.
 */
bool flush_is_log(int fd, const char *doing, int error);

/*
 * Flush the log files in dir, before recovery: it takes all that it finds in
 * them for safe, and may write pages that the log must not lag behind.
 * 0, or errno; the log says which file.
 */
int flush_logs(const char *dir);

#endif
