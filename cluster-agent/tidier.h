/*
 * tidier - when pages are tidied: some seconds of it, now and then.
 *
 * Layer: cluster-agent.  How far it has come stands in the file `tidied` of
 * the data folder, as a line of JSON; without it, it looks at the whole store
 * once more.
 */
#ifndef CLUSTER_AGENT_TIDIER_H
#define CLUSTER_AGENT_TIDIER_H

#include "store/tidy.h"

struct env;
struct tidier;

/* go_on is asked in the midst of it; dir must stay. */
struct tidier *tidier_new(const char *dir, tidy_go_on_f *go_on, void *arg);

/* Notes how far it came. */
void tidier_free(struct tidier **);

/*
 * Tidy what was appended since the last time.  When nothing was, for some of
 * these times, files that are empty in part are made smaller.
 */
void tidier_step(struct tidier *, struct env *);

#endif
