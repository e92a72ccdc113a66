/*
 * old_metadata - metadata documents with the member names of 2013.
 *
 * Layer: fcgi.  The documentation of 2013 posts a stream's rights as flat
 * members, readRole and the like, in an event of type $user-updated, and shows
 * them again in one of type $metadata, which is the server's own (contract
 * 3.7).  They have no effect on access here.
 */
#ifndef FCGI_OLD_METADATA_H
#define FCGI_OLD_METADATA_H

#include <stdbool.h>

#include "store/slice.h"

/*
 * Whether an event that is posted to a metadata resource is such a document:
 * of that type, and a JSON object of those members alone, of one at least.
 */
bool old_metadata_is(struct slice type, struct slice json);

#endif
