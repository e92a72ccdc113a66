/*
 * ctl_status - rillctl status: what a node is and has.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_STATUS_H
#define STORE_CTL_STATUS_H

struct conf;

/* Print it.  Returns an exit status: 0 when the store can be used. */
int ctl_status(const struct conf *);

#endif
