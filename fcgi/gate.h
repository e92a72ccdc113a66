/*
 * gate - how many passwords are checked at a time.
 *
 * Layer: fcgi.  A check burns a processor for milliseconds.  Few run at
 * once, few wait for their turn, and of those who bring the same credential
 * only one checks it while the others wait for what comes of it.
 */
#ifndef FCGI_GATE_H
#define FCGI_GATE_H

#include "fcgi/credentials.h"

struct gate;

enum gate_result {
	GATE_OPEN,   /* it is your turn; gate_leave() when you are done */
	GATE_WAITED, /* somebody else has checked the same: look again */
	GATE_FULL    /* too many wait already */
};

/* slots: checks at once; max_waiting: further ones that wait for a slot. */
struct gate *gate_new(unsigned int slots, unsigned int max_waiting);
void gate_free(struct gate **);

/* credential stays until gate_leave(); NULL is nobody else's. */
enum gate_result gate_enter(struct gate *, const struct credential *);
void gate_leave(struct gate *, const struct credential *);

#endif
