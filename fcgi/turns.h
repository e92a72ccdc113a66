/*
 * turns - how many of a worker's threads are at work at a time.
 *
 * Layer: fcgi.  Threads that are more than the processors only get in each
 * other's way: a request costs a quarter more when each is served by another
 * thread than the last one, whose memory is cold.  But who waits, for a disk,
 * another node or a slow web server, must not keep others from working.  So
 * a thread takes one of few turns before it accepts a request, and keeps it
 * from request to request.  It gives it up when it is about to wait, and
 * loses it when it stays with one request while others come.
 */
#ifndef FCGI_TURNS_H
#define FCGI_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct turns;

/* A thread's; begins as zeros. */
struct turn {
	atomic_bool is_held;
	bool has_waited;         /* with the last request */
	_Atomic uint32_t served; /* requests so far */
	uint32_t seen;           /* of these, at the last look */
};

/* n of them, for at most max threads. */
struct turns *turns_new(unsigned int n, unsigned int max);
void turns_free(struct turns **);

/* Tell of a thread, once; it stays until turns_free(). */
void turns_join(struct turns *, struct turn *);

/*
 * To go on to another request: wait for a turn, unless one is held.  Who gave
 * it up for the last one goes on without: many that wait, as for the disk,
 * are served together.
 */
void turns_take(struct turns *, struct turn *);

/* Let another thread have it, if it is held: this one is about to wait. */
void turns_give(struct turns *, struct turn *);

/*
 * To be called now and then; do requests wait to be accepted?  If they did
 * at the last look too, who has come to no other request since loses its turn.
 */
void turns_look(struct turns *, bool requests_wait);

/* Whoever waits for a turn goes on without, now and from now on. */
void turns_close(struct turns *);

#endif
