/*
 * master_file - one line of JSON that says who is master.
 *
 * Layer: cluster-agent.  The file `master` in the data folder holds
 *   {"generation": 7, "role": "master", "url": "http://127.0.0.1:2113"}
 * and is replaced by rename.  generation grows with every line written; url
 * is the elected master's.  Its truth ends when agent.lock is free.
 */
#ifndef CLUSTER_AGENT_MASTER_FILE_H
#define CLUSTER_AGENT_MASTER_FILE_H

#include "store/err.h"

enum master_role { MASTER_ROLE_MASTER, MASTER_ROLE_REPLICA, MASTER_ROLE_NONE };

/* url may be NULL for MASTER_ROLE_NONE.  ERR_IO: the log says why. */
enum err master_file_write(
    const char *dir, enum master_role role, const char *url);

#endif
