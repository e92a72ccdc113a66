/*
 * line - requests that wait for a thread, and how many may.
 *
 * Layer: fcgi.  While no thread is free to accept, one of its own stands at
 * the door: what comes it puts in line, where the next thread that has time
 * takes the one that came first, and when the line is full it refuses.  So a
 * crowd is told at once that it is one, and does not fill the listening
 * socket's queue, beyond which front servers speak of errors.
 */
#ifndef FCGI_LINE_H
#define FCGI_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct line;
struct request;

enum line_place {
	LINE_SERVE, /* by the caller, at once */
	LINE_WAIT,  /* in the line, without memory; not the caller's any more */
	LINE_FULL   /* to be refused */
};

/* max: requests that may wait. */
struct line *line_new(unsigned int max);

/* When all threads have ended; nobody is in it then.  Accepts NULL inside. */
void line_free(struct line **);

/*
 * For a thread that has served all it had; own is its request, which is
 * empty.  Returned is the one that came first, with own's memory, and own is
 * put by.  NULL: none waits, own stays the caller's, and the thread is free
 * to accept one until line_leave().
 */
struct request *line_next(struct line *, struct request *own);

/* The thread has accepted one, or accepts none any more. */
void line_leave(struct line *);

/*
 * The one that came first, when that was before since_us, in clock_mono_us();
 * it is the caller's.  NULL: there is none.
 */
struct request *line_late(struct line *, int64_t since_us);

/*
 * Whether threads are free to accept, and whether somebody is in line; both
 * may be otherwise at once.
 */
bool line_has_free(struct line *);
bool line_has_waiting(struct line *);

/* For the door, which has accepted a request. */
enum line_place line_enter(struct line *, struct request *);

/* After LINE_WAIT: a request to go on with; NULL: make one. */
struct request *line_spare(struct line *);

#endif
