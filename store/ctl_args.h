/*
 * ctl_args - what stands on rillctl's command line behind the command.
 *
 * Layer: store, for rillctl.
 */
#ifndef STORE_CTL_ARGS_H
#define STORE_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/slice.h"
#include "store/users.h"

struct ctl_args {
	char **words; /* those that are no options */
	size_t nwords;
	const char *full_name; /* --name, or NULL */
	struct slice groups[USERS_MAX_GROUPS];
	size_t ngroups;     /* of --group */
	const char *stream; /* --stream, or NULL */
	const char *to;     /* --to, or NULL */
	bool full;          /* --full */
};

#endif
