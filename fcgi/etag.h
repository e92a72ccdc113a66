/*
 * etag - "<position>;<hash>", the tag of what a reader may keep.
 *
 * Layer: fcgi, without FastCGI: values in, bytes out (contract 0.11).
 */
#ifndef FCGI_ETAG_H
#define FCGI_ETAG_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/media.h"
#include "store/slice.h"

struct buf;

/* The hash that .NET's 64-bit CLR had for a string, of ASCII here. */
int32_t etag_hash(const char *name);

/* Append the tag; quoted for a header, plain for a feed's eTag member. */
void etag_print(
    struct buf *, int64_t position, struct media_choice, bool quoted);

/*
 * The If-None-Match header is just this tag, quoted or not.  Lists, weak
 * tags and * are never.
 */
bool etag_matches(
    struct slice if_none_match, int64_t position, struct media_choice);

#endif
