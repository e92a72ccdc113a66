/*
 * err - what can come of an operation, in one enum for all of Rill.
 *
 * Layer: store.  Berkeley DB's DB_* codes become one of these in env.c and
 * go no further; HTTP statuses are made of them in fcgi/reply.c.
 */
#ifndef STORE_ERR_H
#define STORE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_NO_STREAM,     /* the stream has never been written */
	ERR_NO_EVENT,      /* no such event number, or it is hidden */
	ERR_DELETED,       /* the stream is deleted for good */
	ERR_WRONG_VERSION, /* the expected version is not the actual one */
	ERR_DENIED,        /* the caller lacks the right */
	ERR_INVALID,       /* input that breaks a rule of ours */
	ERR_TOO_LARGE,     /* input beyond a limit */
	ERR_BUSY,          /* a queue is full, or retries ran out */
	ERR_UNAVAILABLE,   /* no agent, or the store is being recovered */
	ERR_DISK_FULL,     /* no space left for the log or a table */
	ERR_NO_MEMORY,     /* an allocation sized by input failed */
	ERR_IO,            /* the system or the library failed; see the log */
	ERR_CORRUPT,       /* a record does not decode */
	ERR_TAKEN,         /* somebody else has the lock, or the name */
	ERR_NOT_MASTER,    /* another node is master, and it must be asked */
	ERR_NO_MASTER,     /* the cluster has none just now, or none is known */
	ERR_NOT_ACKED,     /* written here, but no quorum has confirmed it */
	ERR_DEADLOCK,      /* inside store/: run the transaction again */
	ERR_RECOVERY,      /* inside store/: leave the environment, come back */
	ERR_STALE          /* inside store/: open the tables again */
};

/* A short English phrase, static, never NULL. */
const char *err_text(enum err);

#endif
