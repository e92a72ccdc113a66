/*
 * wakeup - waiting for new events without polling, across processes.
 *
 * Layer: store.  A futex in a small mapped file in the data folder, moved
 * on by every process after it committed.
 */
#ifndef STORE_WAKEUP_H
#define STORE_WAKEUP_H

#include <stdint.h>

#include "store/err.h"

struct wakeup;

/* ERR_IO: errno says why. */
enum err wakeup_open(struct wakeup **, const char *dir);
void wakeup_close(struct wakeup **);

/* The value that wakeup_wait() waits to change.  Take it, look, wait. */
uint32_t wakeup_now(struct wakeup *);

/* Sleep until the value is not seen, a signal, or ms milliseconds. */
void wakeup_wait(struct wakeup *, uint32_t seen, int64_t ms);

/* Something was committed. */
void wakeup_bump(struct wakeup *);

#endif
