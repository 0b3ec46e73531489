/* SPDX-License-Identifier: MIT */
/*
 * Linear probing; removal closes the gap, so that there are no tombstones. At most half of the slots are used, and the hash
 * spreads neighbours far apart: identifiers come in sequence, and side by side they would be one long run to walk.
 */
#include "session/idtable.h"

#include <stdlib.h>

enum { SMALLEST = 8 };

void idtable_fini(struct idtable *t)
{
	free(t->slots);
	*t = (struct idtable){0};
}

/* Fibonacci hashing: the top bits of a product with 2^32 / phi; size is a power of two. */
static uint32_t home(const struct idtable *t, uint16_t id)
{
	return (uint32_t)((uint64_t)(id * 2654435769u) * t->size >> 32);
}

/* The slot of the id, or the free one where it would stand. The table has a free slot. */
static uint32_t probe(const struct idtable *t, uint16_t id)
{
	uint32_t i = home(t, id);
	while (t->slots[i].value && t->slots[i].id != id)
		i = (i + 1) & (t->size - 1);
	return i;
}

void *idtable_get(const struct idtable *t, uint16_t id)
{
	return t->size ? t->slots[probe(t, id)].value : NULL;
}

static bool resize(struct idtable *t, uint32_t size)
{
	struct idtable wider = {calloc(size, sizeof *wider.slots), size, t->count};
	if (!wider.slots)
		return false;
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slots[i].value)
			wider.slots[probe(&wider, t->slots[i].id)] = t->slots[i];
	free(t->slots);
	*t = wider;
	return true;
}

bool idtable_put(struct idtable *t, uint16_t id, void *value)
{
	if (2 * (t->count + 1) > t->size && !resize(t, t->size ? 2 * t->size : SMALLEST))
		return false;
	t->slots[probe(t, id)] = (struct id_slot){value, id};
	t->count++;
	return true;
}

void idtable_change(struct idtable *t, uint16_t id, void *value)
{
	t->slots[probe(t, id)].value = value;
}

/* Moves each entry behind the gap that may stand in it. */
static void close_gap(struct idtable *t, uint32_t gap)
{
	uint32_t mask = t->size - 1;
	for (uint32_t i = (gap + 1) & mask; t->slots[i].value; i = (i + 1) & mask) {
		if (((i - home(t, t->slots[i].id)) & mask) < ((i - gap) & mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap].value = NULL;
}

void *idtable_take(struct idtable *t, uint16_t id)
{
	void *value = idtable_get(t, id);
	if (!value)
		return NULL;
	close_gap(t, probe(t, id));
	t->count--;
	return value;
}
