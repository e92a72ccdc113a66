/*
 * be - big-endian integers in bytes, so that key order is number order.
 *
 * Layer: store.
 */
#ifndef STORE_BE_H
#define STORE_BE_H

#include <stdint.h>

static inline void
be_put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static inline uint32_t
be_get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void
be_put48(unsigned char *p, uint64_t v)
{
	p[0] = (unsigned char)(v >> 40);
	p[1] = (unsigned char)(v >> 32);
	be_put32(p + 2, (uint32_t)v);
}

static inline uint64_t
be_get48(const unsigned char *p)
{
	return (uint64_t)p[0] << 40 | (uint64_t)p[1] << 32 | be_get32(p + 2);
}

static inline void
be_put64(unsigned char *p, uint64_t v)
{
	be_put32(p, (uint32_t)(v >> 32));
	be_put32(p + 4, (uint32_t)v);
}

static inline uint64_t
be_get64(const unsigned char *p)
{
	return (uint64_t)be_get32(p) << 32 | be_get32(p + 4);
}

#endif
