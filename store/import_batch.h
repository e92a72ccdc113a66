/*
 * import_batch - some lines of an export, and the transaction that writes
 * them.
 *
 * Layer: store; private to it.
 */
#ifndef STORE_IMPORT_BATCH_H
#define STORE_IMPORT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "store/err.h"

struct event_line;
struct import_batch;
struct store;

struct import_batch *import_batch_new(void);
void import_batch_free(struct import_batch **);

/* Add a copy of what stands in this line of the export.  ERR_NO_MEMORY. */
enum err import_batch_add(
    struct import_batch *, const struct event_line *, uint64_t line);

size_t import_batch_count(const struct import_batch *);
size_t import_batch_bytes(const struct import_batch *);

/*
 * Write what is not there yet, up to the first line that does not fit.
 * Returns what txn.h names.
 */
enum err import_batch_write(struct import_batch *, struct store *);

/* What came of it. */

uint64_t import_batch_written(const struct import_batch *);
uint64_t import_batch_skipped(const struct import_batch *);

/* The next position then. */
uint64_t import_batch_end(const struct import_batch *);

/* Which line does not fit, and why, as a sentence; NULL: all fit. */
const char *import_batch_fault(const struct import_batch *);

#endif
