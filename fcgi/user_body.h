/*
 * user_body - what a request to the users API says, in JSON or XML.
 *
 * Layer: fcgi.  Names of members are taken in any case, the last of several
 * counts, others are ignored, and null is as if it was not there.  In XML
 * they are the root's children, in any namespace; groups is one element for
 * each group, or one with a child for each.
 */
#ifndef FCGI_USER_BODY_H
#define FCGI_USER_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/buf.h"
#include "store/err.h"
#include "store/slice.h"
#include "store/users.h"

#define USER_BODY_MAX 131072 /* bytes; all limits used up in \u escapes */

/* p NULL: it was not given. */
struct user_body {
	struct slice login;
	struct slice full_name;
	struct slice password;
	struct slice current_password;
	struct slice new_password;
	struct slice groups[USERS_MAX_GROUPS];
	size_t ngroups;
	bool has_groups;
	char why[USERS_WHY_SIZE]; /* out: what is wrong and would be right */
	struct buf json, text;    /* what the slices point to, and came from */
};

/*
 * Read it; starts as {0}, and is freed in any case.  ERR_INVALID: why says
 * more.  ERR_NO_MEMORY.
 */
enum err user_body_read(struct user_body *, struct slice, bool is_xml);

/* Nothing of the passwords stays in memory. */
void user_body_fini(struct user_body *);

#endif
