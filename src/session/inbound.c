/* SPDX-License-Identifier: MIT */
/*
 * Rings that double when they are full and are kept until the connection ends; packet identifiers bound them.
 */
#include "session/inbound.h"

#include <stdlib.h>

enum { SMALLEST = 8 };

void inbound_init(struct inbound *in, const uint64_t last[2])
{
	*in = (struct inbound){0};
	for (int i = 0; i < 2; i++)
		in->ring[i].first = in->ring[i].begin = last[i] + 1;
}

void inbound_fini(struct inbound *in)
{
	for (int i = 0; i < 2; i++)
		free(in->ring[i].slots);
	idtable_fini(&in->ids);
	*in = (struct inbound){0};
}

static struct held *slot(const struct held_ring *r, uint64_t serial)
{
	return &r->slots[serial & (r->size - 1)];
}

static bool grow(struct held_ring *r)
{
	struct held_ring wider = *r;
	wider.size = r->size ? 2 * r->size : SMALLEST;
	wider.slots = malloc(wider.size * sizeof *wider.slots);
	if (!wider.slots)
		return false;
	for (uint64_t n = r->first; n < r->first + r->count; n++)
		*slot(&wider, n) = *slot(r, n);
	free(r->slots);
	*r = wider;
	return true;
}

bool inbound_push(struct inbound *in, uint8_t qos, uint16_t id, uint64_t *serial)
{
	struct held_ring *r = &in->ring[qos - 1];
	if ((r->count == r->size && !grow(r)) || !idtable_put(&in->ids, id, in)) /* only its being there counts */
		return false;
	*serial = r->first + r->count++;
	*slot(r, *serial) = (struct held){.id = id};
	return true;
}

struct held *inbound_find(const struct held_ring *r, uint64_t serial)
{
	return serial >= r->first && serial < r->first + r->count ? slot(r, serial) : NULL;
}

struct held *inbound_ready(const struct held_ring *r)
{
	return r->count && slot(r, r->first)->answered ? slot(r, r->first) : NULL;
}

void inbound_pop(struct inbound *in, struct held_ring *r)
{
	idtable_take(&in->ids, slot(r, r->first)->id);
	r->first++;
	r->count--;
}
