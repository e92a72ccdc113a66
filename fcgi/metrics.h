/*
 * metrics - a snapshot in the text format of Prometheus, version 0.0.4.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_METRICS_H
#define FCGI_METRICS_H

#include "store/buf.h"

struct snapshot;

void metrics_print(struct buf *, const struct snapshot *);

#endif
