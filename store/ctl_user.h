/*
 * ctl_user - rillctl user: accounts, for whoever may run it.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_USER_H
#define STORE_CTL_USER_H

#include <stddef.h>

#include "store/slice.h"
#include "store/users.h"

struct conf;

/* What stands on the command line. */
struct ctl_user_args {
	char **words; /* behind "user" */
	size_t nwords;
	const char *full_name; /* --name, or NULL */
	struct slice groups[USERS_MAX_GROUPS];
	size_t ngroups; /* of --group */
};

/*
 * Do what the words say on the running store; what goes wrong is said on
 * standard error.  Returns an exit status, EX_USAGE if they say nothing.
 */
int ctl_user(const struct conf *, const struct ctl_user_args *);

#endif
