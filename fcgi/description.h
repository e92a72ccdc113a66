/*
 * description - the document that says what a stream can be asked for.
 *
 * Layer: fcgi.  Contract 2.7.
 */
#ifndef FCGI_DESCRIPTION_H
#define FCGI_DESCRIPTION_H

#include "store/slice.h"

struct request;

/* Answer with it; the stream need not be there. */
void description_serve(struct request *, struct slice stream);

#endif
