/*
 * ctl_progress - a bar on the terminal for what takes long.
 *
 * Layer: store, for rillctl.  Standard error; nothing if that is no terminal.
 */
#ifndef STORE_CTL_PROGRESS_H
#define STORE_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zero at first. */
struct ctl_progress {
	int64_t next_ms; /* when it may be drawn again */
	bool is_drawn;
};

/* done of all, and n of what, a plural. */
struct ctl_progress_state {
	uint64_t done, all; /* all 0: nobody knows how many */
	uint64_t n;
	const char *what;
};
void ctl_progress_show(
    struct ctl_progress *, const struct ctl_progress_state *);

/* Wipe it away, before something else is printed. */
void ctl_progress_end(struct ctl_progress *);

#endif
