/*
 * header - strict readers of the values that headers and paths carry.
 *
 * Layer: fcgi, without FastCGI: bytes in, values out.  A value either is
 * what was asked for, to its last byte, or it is refused; what is refused
 * leaves the result untouched.
 */
#ifndef FCGI_HEADER_H
#define FCGI_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice.h"

/* s without the spaces and tabs around it. */
struct slice header_trim(struct slice s);

/* s is word, ASCII letters in any case; blanks count. */
bool header_is(struct slice s, const char *word);

/* Like header_is(), of the beginning of s. */
bool header_starts(struct slice s, const char *prefix);

/* A header's integer: blanks around it and a sign are allowed. */
bool header_int64(struct slice, int64_t *);

/* True or False, in any case, blanks around it allowed. */
bool header_bool(struct slice, bool *);

/* ES-ExpectedVersion: a header's integer of at least -4. */
bool header_version(struct slice, int64_t *);

/* ES-LongPoll, in seconds: a header's integer above 0.  Cap it yourself. */
bool header_seconds(struct slice, int64_t *);

/* A path segment: digits and nothing else, 0 to INT64_MAX. */
bool header_number(struct slice, int64_t *);

/* A path segment: digits and nothing else, 1 to INT64_MAX. */
bool header_positive(struct slice, int64_t *);

#endif
