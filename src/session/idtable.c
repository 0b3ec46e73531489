/* SPDX-License-Identifier: MIT */
/*
 * Linear probing; removal closes the gap, so that there are no tombstones. At most half of the slots are used.
 */
#include "session/idtable.h"

#include <stdlib.h>

enum { SMALLEST = 8 };

void idtable_fini(struct idtable *t)
{
	free(t->slots);
	*t = (struct idtable){0};
}

/* The slot of the id, or the free one where it would stand. The table has a free slot. */
static uint32_t probe(const struct idtable *t, uint16_t id)
{
	uint32_t i = id & (t->size - 1);
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

/* Moves each entry behind the gap that may stand in it. */
static void close_gap(struct idtable *t, uint32_t gap)
{
	uint32_t mask = t->size - 1;
	for (uint32_t i = (gap + 1) & mask; t->slots[i].value; i = (i + 1) & mask) {
		uint32_t home = t->slots[i].id & mask;
		if (((i - home) & mask) < ((i - gap) & mask))
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
	if (--t->count == 0 && t->size > 4096)
		idtable_fini(t);
	return value;
}
