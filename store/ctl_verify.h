/*
 * ctl_verify - rillctl verify: whether the store is whole.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_VERIFY_H
#define STORE_CTL_VERIFY_H

struct conf;

/*
 * Check the store, in use or not, and print what was found.  Returns an exit
 * status: 0 when it is whole, EX_DATAERR when it is not.
 */
int ctl_verify(const struct conf *);

#endif
