/*
 * meter - counting and timing the requests that are answered.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_METER_H
#define FCGI_METER_H

struct request;

/* The request is answered: its reply is complete. */
void meter_note(const struct request *);

#endif
