/*
 * master - who is master, as the agent's master file says.
 *
 * Layer: fcgi.  The agent replaces the file `master` in the data folder, one
 * line of JSON, whenever that changes; see cluster-agent/master_file.h.  It is
 * looked at once every few milliseconds and read when it is another.
 * What it says holds while the store is open: see store_is_open().
 */
#ifndef FCGI_MASTER_H
#define FCGI_MASTER_H

#include "store/buf.h"

struct master;

enum master_role {
	MASTER_UNKNOWN, /* nobody is master, or nobody knows */
	MASTER_HERE,
	MASTER_ELSEWHERE
};

/* dir, the data folder, must stay. */
struct master *master_new(const char *dir);
void master_free(struct master **);

/* The role of this node; threads may call it at once. */
enum master_role master_role(struct master *);

/*
 * Likewise, and for MASTER_ELSEWHERE append the master's base URL, which has
 * no slash at its end, to url.
 */
enum master_role master_find(struct master *, struct buf *url);

#endif
