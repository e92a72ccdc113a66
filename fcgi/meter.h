/*
 * meter - counting and timing the requests that are answered.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_METER_H
#define FCGI_METER_H

#include "store/tally.h"

struct request;

/* As HTTP spells it; "other" for TALLY_OTHER. */
const char *meter_method_name(enum tally_method);

/* The request is answered: its reply is complete. */
void meter_note(const struct request *);

#endif
