/*
 * request_id - the name of a request in the log.
 *
 * Layer: fcgi, without FastCGI.
 */
#ifndef FCGI_REQUEST_ID_H
#define FCGI_REQUEST_ID_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "store/slice.h"

#define REQUEST_ID_SIZE 65

/*
 * That which was sent, if it is 1 to 64 letters, digits and the signs -._ of
 * ASCII: so it cannot pretend to be more of a line.  Else one is made of
 * *next, which moves on.
 */
void request_id_choose(
    char out[REQUEST_ID_SIZE], struct slice sent, _Atomic uint64_t *next);

#endif
