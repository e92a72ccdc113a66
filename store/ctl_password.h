/*
 * ctl_password - a password from whoever runs rillctl.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_PASSWORD_H
#define STORE_CTL_PASSWORD_H

#include <stdbool.h>

#include "store/account.h"

/* With its line's end and a NUL. */
#define CTL_PASSWORD_SIZE (ACCOUNT_MAX_PASSWORD + 2)

/*
 * Read a new password: from a terminal twice and without echo, else the
 * first line of standard input.  False: it is no password, or not the same
 * twice, and standard error says so.  Wipe it after use.
 */
bool ctl_password_read(char out[CTL_PASSWORD_SIZE]);

#endif
