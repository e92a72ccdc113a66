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

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * Lines of one kind that may come by thousands: some are written at once,
 * the others counted.  It needs no end:
 *   struct log_burst b = {.mutex = PTHREAD_MUTEX_INITIALIZER, .topic = "t",
 *       .what = "failures", .period_ms = 10000, .most = 20};
 */
struct log_burst {
	pthread_mutex_t mutex;
	const char *topic, *what;
	int64_t period_ms;
	unsigned int most; /* lines in a period, but for the one that counts */
	int64_t since;
	unsigned int lines, held_back;
};

/*
 * Whether the caller may write its line; now in ms of any clock.  When a
 * period is over in which lines were held back, this or the next call writes
 * "N more in P s: WHAT".
 */
bool log_burst_admit(struct log_burst *, int64_t now);
void log_burst_settle(struct log_burst *, int64_t now);

/*
 * s for a log line: at most 60 bytes of it, anything but printable ASCII
 * as \xHH, in quotes.  Returns out, which holds LOG_QUOTE_SIZE bytes.
 */
#define LOG_QUOTE_SIZE 256
const char *log_quote(char out[LOG_QUOTE_SIZE], struct slice s);

#endif
