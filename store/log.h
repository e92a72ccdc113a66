/*
 * log - one line an occurrence, on standard error.
 *
 * Layer: store, used everywhere.  A line is
 *   2026-11-22T04:30:00.123Z rill-agent[123] info topic: key=value ...
 * and is written with one write(2).  An outcome is logged once, where it
 * becomes an answer; lower layers return it.  Bytes of a request go through
 * log_quote() first.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include <stddef.h>

#include "store/slice.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

/*
 * Lines of this thread begin with id=ID behind their topic, until it is NULL
 * again; borrowed.  It is one word of printable ASCII.
 */
void log_about(const char *id);

/* Name the program; the string must stay.  Lines below level are dropped. */
void log_init(const char *program, enum log_level level);

void log_debug(const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_error(const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * s for a log line: at most 60 bytes of it, anything but printable ASCII
 * as \xHH, in quotes.  Returns out, which holds LOG_QUOTE_SIZE bytes.
 */
#define LOG_QUOTE_SIZE 256
const char *log_quote(char out[LOG_QUOTE_SIZE], struct slice s);

#endif
