/*
 * ctl_store - a command's place in the store, beside the node's workers.
 *
 * Layer: store, for rillctl.
 */
#ifndef STORE_CTL_STORE_H
#define STORE_CTL_STORE_H

#include <stdbool.h>

#include "store/err.h"

struct conf;
struct store;

/* Whether an agent runs; if not, that is said on standard error. */
bool ctl_store_has_agent(const struct conf *);

/*
 * control_hold(), with some patience for an agent that is just beginning; what
 * goes wrong is said on standard error.
 */
struct control_hold;
enum err ctl_store_hold(
    struct control_hold **, const struct conf *, const char *what);

/* Open it as a worker does. */
enum err ctl_store_open(struct store **, const struct conf *);

#endif
