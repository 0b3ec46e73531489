/* SPDX-License-Identifier: MIT */
/*
 * A set of packet identifiers, 1 to 65535, as a bitmap that exists only once something was put in.
 */
#ifndef BROKER_IDS_H
#define BROKER_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct ids {
	uint8_t *bits;
	size_t   count;
};

static inline bool ids_have(const struct ids *s, uint16_t id)
{
	return s->bits && s->bits[id / 8] >> id % 8 & 1;
}

/* False where there is no memory. */
static inline bool ids_add(struct ids *s, uint16_t id)
{
	if (!s->bits && !(s->bits = calloc(1, 65536 / 8)))
		return false;
	s->count += !ids_have(s, id);
	s->bits[id / 8] |= (uint8_t)(1 << id % 8);
	return true;
}

static inline void ids_remove(struct ids *s, uint16_t id)
{
	if (!ids_have(s, id))
		return;
	s->bits[id / 8] &= (uint8_t)~(1 << id % 8);
	s->count--;
}

static inline void ids_fini(struct ids *s)
{
	free(s->bits);
	*s = (struct ids){0};
}

#endif
