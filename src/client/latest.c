/* SPDX-License-Identifier: MIT */
/*
 * Linear probing over the topics as they stand in the messages' bytes; removal closes the gap. At most half of the slots are
 * used, and the table only grows: it is bounded by the queue's ceiling.
 */
#include "client/latest.h"

#include <stdlib.h>

enum { SMALLEST = 16 };

void latest_fini(struct latest *t)
{
	free(t->slots);
	*t = (struct latest){0};
}

/* FNV-1a; the topics are the application's own, so nobody else chooses what collides. */
static uint32_t hash_of(struct span topic)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < topic.n; i++)
		h = (h ^ topic.p[i]) * 16777619u;
	return h;
}

static bool same_topic(const struct outgoing *o, struct span topic)
{
	struct span own = outgoing_topic(o);
	return own.n == topic.n && memcmp(own.p, topic.p, topic.n) == 0;
}

/* The slot of the topic, or the free one where it would stand. */
static uint32_t probe(const struct latest *t, struct span topic, uint32_t hash)
{
	uint32_t i = hash & (t->size - 1);
	while (t->slots[i].o && (t->slots[i].hash != hash || !same_topic(t->slots[i].o, topic)))
		i = (i + 1) & (t->size - 1);
	return i;
}

bool latest_reserve(struct latest *t, uint32_t n)
{
	uint32_t size = t->size ? t->size : SMALLEST;
	while (size < 2 * n)
		size *= 2;
	if (size == t->size)
		return true;
	struct latest wider = {calloc(size, sizeof *wider.slots), size, t->count};
	if (!wider.slots)
		return false;
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slots[i].o)
			wider.slots[probe(&wider, outgoing_topic(t->slots[i].o), t->slots[i].hash)] = t->slots[i];
	free(t->slots);
	*t = wider;
	return true;
}

struct outgoing *latest_find(const struct latest *t, struct span topic)
{
	return t->count ? t->slots[probe(t, topic, hash_of(topic))].o : NULL;
}

void latest_put(struct latest *t, struct outgoing *o)
{
	struct span topic = outgoing_topic(o);
	uint32_t    hash = hash_of(topic);
	t->slots[probe(t, topic, hash)] = (struct latest_slot){o, hash};
	t->count++;
}

/* Moves each entry behind the gap that may stand in it. */
static void close_gap(struct latest *t, uint32_t gap)
{
	uint32_t mask = t->size - 1;
	for (uint32_t i = (gap + 1) & mask; t->slots[i].o; i = (i + 1) & mask) {
		if (((i - t->slots[i].hash) & mask) < ((i - gap) & mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap].o = NULL;
}

void latest_take(struct latest *t, const struct outgoing *o)
{
	if (t->count == 0)
		return;
	struct span topic = outgoing_topic(o);
	uint32_t    i = probe(t, topic, hash_of(topic));
	if (t->slots[i].o != o)
		return;
	t->count--;
	close_gap(t, i);
}
