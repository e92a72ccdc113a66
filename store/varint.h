/*
 * varint - integers in as few bytes as they need, for keys and records.
 *
 * Layer: store.  How many bytes follow the first one is told by the ones that
 * it begins with; the bits behind the zero after them are the integer's
 * highest:
 *
 *   0xxxxxxx                   below 2^7
 *   10xxxxxx 1 more            below 2^14
 *   110xxxxx 2 more            below 2^21, and so on, to
 *   11111111 8 more            64 bits
 *
 * So the order of bytes is the order of numbers, and no integer's bytes are
 * the beginning of another's: integers one behind the other make a key.  One
 * that would have fitted into fewer bytes is not an integer.
 */
#ifndef STORE_VARINT_H
#define STORE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/slice.h"

#define VARINT_MOST 9 /* bytes */

/* How many bytes it takes. */
size_t varint_size(uint64_t);

/* Write it to out, which has room for VARINT_MOST bytes; returns their end. */
unsigned char *varint_put(unsigned char *out, uint64_t);

/*
 * Take one from the beginning of *rest.  False: there is none, or it is cut
 * off, or too long for its number; *rest is then as it was.
 */
bool varint_take(struct slice *rest, uint64_t *);

/* The same of one that is not negative as an event's number. */
bool varint_take_number(struct slice *rest, int64_t *);

#endif
