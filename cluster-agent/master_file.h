/*
 * master_file - one line of JSON that says who is master.
 *
 * Layer: cluster-agent.  The file `master` in the data folder holds
 *   {"generation": 7, "role": "master", "url": "http://127.0.0.1:2113"}
 * and is replaced by rename.  generation grows with every line written; url
 * is the elected master's, and left out when there is none.  Its truth ends
 * when agent.lock is free.
 */
#ifndef CLUSTER_AGENT_MASTER_FILE_H
#define CLUSTER_AGENT_MASTER_FILE_H

#include "store/err.h"
#include "store/role.h"

/* url: "" when nobody is master.  ERR_IO: the log says why. */
enum err master_file_write(
    const char *dir, enum role_kind role, const char *url);

#endif
