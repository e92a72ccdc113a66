/*
 * events - what must be true of the events that a reader of bodies made.
 *
 * Layer: tests, of the fuzz targets.
 */
#ifndef TESTS_FUZZ_EVENTS_H
#define TESTS_FUZZ_EVENTS_H

#include "fcgi/body.h"

/* The limit that the targets give to the readers. */
#define EVENTS_MAX_BYTES 4096

/* Asserts that what was read, or refused with e, is as body.h says. */
void events_check(const struct body *, enum err e);

#endif
