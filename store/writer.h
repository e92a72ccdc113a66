/*
 * writer - what a process writes to the store, one transaction at a time.
 *
 * Layer: store.  An append that finds nothing under way is carried out at
 * once by the thread that asks.  Those that come meanwhile wait for a thread
 * of the writer's, or leave word what to call: it puts all that wait into one
 * transaction, commits it, and tells each of them: what costs is the commit,
 * which waits for the disk.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stdbool.h>

#include "store/append.h"
#include "store/err.h"

struct store;
struct writer;

struct writer *writer_new(struct store *);

/* Finishes what is in the queue. */
void writer_free(struct writer **);

/*
 * Carry out *a and wait for it; what came of it is in *a as well.
 * When ERR_OK is returned, the events are as durable as the configuration
 * promises.  The events' ids differ from each other.
 * ERR_DENIED, ERR_WRONG_VERSION, ERR_DELETED, ERR_TOO_LARGE: see append.h.
 * ERR_BUSY: the queue is full.  ERR_UNAVAILABLE: the store did not come
 * back in time; the events may or may not have been written, and it is safe
 * to repeat.  ERR_DISK_FULL, ERR_NO_MEMORY, ERR_IO, ERR_CORRUPT.
 * In a cluster also ERR_NOT_MASTER: nothing was written; and ERR_NOT_ACKED:
 * it was, but no quorum confirmed it: repeat it with the same ids.
 */
enum err writer_append(struct writer *, struct append *a);

/* Whether an append of now would have to wait for others. */
bool writer_is_busy(struct writer *);

/*
 * The same without waiting: what came of it is told by a call of done() in
 * the writer's thread, from which on nobody here uses *a.  It must not take
 * long, nor call the store.  ERR_BUSY is returned: the queue is full, and
 * done() is not called.
 */
typedef void writer_done_f(void *arg, enum err);
enum err writer_append_later(
    struct writer *, struct append *a, writer_done_f *done, void *arg);

/*
 * For the agent of a master, in a thread of its own: have a quorum confirm
 * what is in the store, by one more commit.  ERR_NOT_ACKED: it did not.
 */
enum err writer_confirm(struct store *);

#endif
