/* SPDX-License-Identifier: MIT */
/*
 * Big-endian integers in byte strings, and a view of bytes that somebody else owns.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* n bytes at p. Where decode made it, p points into the decoder's input; p is never NULL for a field that is present. */
struct span {
	const uint8_t *p;
	size_t         n;
};

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){.p = p, .n = n};
}

/* The span of a C string, or of len bytes where len is not 0. NULL gives an empty span with p NULL. */
static inline struct span span_text(const char *s, size_t len)
{
	return span_of(s, s && len == 0 ? strlen(s) : s ? len : 0);
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

static inline uint8_t *put_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static inline uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	return put_u16(put_u16(p, v >> 16), v);
}

static inline uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t n)
{
	if (n)
		memcpy(p, bytes, n);
	return p + n;
}

#endif
