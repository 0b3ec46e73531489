/* SPDX-License-Identifier: MIT */
/*
 * Variable byte integers [MQTT 5, 1.5.5] in bytes that were made here or checked before; what a peer sends is read by
 * reader.h and frame_read().
 */
#ifndef WIRE_VBI_H
#define WIRE_VBI_H

#include <stddef.h>
#include <stdint.h>

enum { VBI_MAX = 5 /* bytes that vbi_put() may write; of a value that MQTT can say no more than 4 */ };

/* Bytes of a value that MQTT can say. */
static inline uint32_t vbi_size(size_t value)
{
	return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

/* Returns what is behind it. */
static inline uint8_t *vbi_put(uint8_t *p, uint32_t value)
{
	for (; value > 0x7F; value >>= 7) /* in no more bytes than it needs [MQTT-1.5.5-1] */
		*p++ = (uint8_t)(value | 0x80);
	*p++ = (uint8_t)value;
	return p;
}

/* Moves *p behind it. */
static inline uint32_t vbi_get(const uint8_t **p)
{
	uint32_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t b = *(*p)++;
		value |= (uint32_t)(b & 0x7F) << shift;
		if (!(b & 0x80))
			return value;
	}
}

#endif
