/*
 * ctl_user - rillctl user: accounts, for whoever may run it.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_USER_H
#define STORE_CTL_USER_H

struct conf;
struct ctl_args;

/*
 * Do what the words behind "user" say on the running store; what goes wrong is
 * said on standard error.  Returns an exit status, EX_USAGE if they say
 * nothing.
 */
int ctl_user(const struct conf *, const struct ctl_args *);

#endif
