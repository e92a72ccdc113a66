/*
 * mark - whether the store in a data folder is that of a cluster.
 *
 * Layer: cluster-agent.  An empty file `group` says so, from when the node was
 * let in.  A store without it is a node's own, and must not be replaced by
 * another's; a node that is no longer in a cluster takes the mark off.
 *
 * Another empty file, `settled`, says that all nodes of the group have stood
 * together for a while (gathering.h).
 */
#ifndef CLUSTER_AGENT_MARK_H
#define CLUSTER_AGENT_MARK_H

#include <stdbool.h>

#include "store/err.h"

bool mark_is_there(const char *dir);

/* Whether there is a store at all. */
bool mark_has_store(const char *dir);

/* ERR_IO: logged. */
enum err mark_make(const char *dir);

bool mark_is_settled(const char *dir);

/* ERR_IO: logged. */
enum err mark_settle(const char *dir);

/*
 * Take both off, if they are there, and what the library keeps of the group;
 * the environment is not open.  ERR_IO: logged.
 */
enum err mark_remove(const char *dir);

#endif
