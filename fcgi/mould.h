/*
 * mould - text that many entries have, with cuts where they differ.
 *
 * Layer: fcgi.  Entries of a feed that follow each other are mostly of one
 * stream, and then differ in little: what they have in common is printed once.
 */
#ifndef FCGI_MOULD_H
#define FCGI_MOULD_H

#include <stdbool.h>

#include "store/buf.h"

#define MOULD_MAX_CUTS 8

/* Starts all zero. */
struct mould {
	struct slice stream; /* of the last entry */
	struct buf text;
	struct {
		size_t at;
		unsigned int part;
	} cuts[MOULD_MAX_CUTS];
	unsigned int ncuts; /* 0: it has yet to be made */
};

/*
 * Whether the next entry, of this stream, is of the same one as the last.  If
 * not, what was made is forgotten.  The name is borrowed until the next call.
 */
bool mould_suits(struct mould *, struct slice stream);

/* Another part comes where text ends now. */
void mould_cut(struct mould *, unsigned int part);

/* Add the text, with all parts as put prints them; fails if the text did. */
typedef void mould_put_f(struct buf *, const void *parts, unsigned int part);
void mould_cast(
    const struct mould *, struct buf *, mould_put_f *put, const void *parts);

void mould_fini(struct mould *);

#endif
