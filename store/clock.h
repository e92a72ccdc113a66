/*
 * clock - times, in the two units that Rill uses.
 *
 * Layer: store, used everywhere.  A tick is 100 ns; an event's time of
 * creation is in ticks since 1970-01-01T00:00:00Z.
 */
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/slice.h"

#define CLOCK_TICKS_PER_S 10000000

/* Ticks since 1970, by the wall clock. */
int64_t clock_now_ticks(void);

/* Milliseconds of a clock that never jumps, from an arbitrary start. */
int64_t clock_mono_ms(void);

/* The same clock, in microseconds. */
int64_t clock_mono_us(void);

/* A moment of that clock, for calls that wait until one. */
struct timespec clock_mono_time(int64_t ms);

/* A condition on which pthread_cond_timedwait() waits until one. */
void clock_cond_init(pthread_cond_t *);

/* Sleep, whatever signals come. */
void clock_sleep_ms(int64_t ms);

/*
 * Write ticks as YYYY-MM-DDThh:mm:ss[.f{1,7}]Z, trailing zeros of the
 * fraction removed (contract 0.10).  Returns the length without the NUL.
 */
#define CLOCK_TEXT_SIZE 40
size_t clock_print(char out[CLOCK_TEXT_SIZE], int64_t ticks);

/* The same with all seven digits: YYYY-MM-DDThh:mm:ss.fffffffZ. */
size_t clock_print_whole(char out[CLOCK_TEXT_SIZE], int64_t ticks);

/* Read exactly that form.  False: it is another, or there is no such time. */
bool clock_parse_whole(int64_t *ticks, struct slice text);

#endif
