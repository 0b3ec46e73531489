/* SPDX-License-Identifier: MIT */
/*
 * Ours: entries are found by a hash with chains and stand in a list by their last use; both link by alias, so that the array
 * may move when it grows. An entry keeps its memory for the next topic: the same topics again allocate nothing.
 */
#include "session/alias.h"

#include <stdlib.h>

/* ---- The peer's ---- */

struct alias_topic {
	size_t n;
	char   text[];
};

void alias_in_init(struct alias_in *a, uint16_t maximum)
{
	*a = (struct alias_in){.maximum = maximum};
}

void alias_in_fini(struct alias_in *a)
{
	for (uint32_t alias = 1; a->topics.count && alias <= a->maximum; alias++)
		free(idtable_take(&a->topics, (uint16_t)alias));
	idtable_fini(&a->topics);
}

bool alias_in_set(struct alias_in *a, uint16_t alias, struct span topic)
{
	struct alias_topic *now = idtable_get(&a->topics, alias), *t;
	if (now && now->n == topic.n && !memcmp(now->text, topic.p, topic.n))
		return true;
	t = malloc(sizeof *t + topic.n + 1);
	if (!t)
		return false;
	t->n = topic.n;
	put_bytes((uint8_t *)t->text, topic.p, topic.n)[0] = 0;
	free(idtable_take(&a->topics, alias)); /* which leaves room for the new one */
	if (idtable_put(&a->topics, alias, t))
		return true;
	free(t);
	return false;
}

struct span alias_in_get(const struct alias_in *a, uint16_t alias)
{
	const struct alias_topic *t = idtable_get(&a->topics, alias);
	return t ? span_of(t->text, t->n) : span_of(NULL, 0);
}

/* ---- Ours ---- */

enum { FIRST_SIZE = 8 };

struct alias_entry {
	uint8_t *topic;
	uint32_t n, room;
	uint32_t hash;
	uint16_t chain; /* the next of its bucket; 0: the last */
	uint16_t newer, older;
};

static struct alias_entry *entry(const struct alias_out *a, uint16_t alias)
{
	return &a->entries[alias - 1];
}

void alias_out_init(struct alias_out *a, uint16_t maximum)
{
	*a = (struct alias_out){.maximum = maximum};
}

void alias_out_fini(struct alias_out *a)
{
	for (uint16_t i = 0; i < a->count; i++)
		free(a->entries[i].topic);
	free(a->entries);
	free(a->buckets);
	alias_out_init(a, 0);
}

/* By words, since topics share their beginnings and are not short. */
static uint32_t hash_of(struct span s)
{
	const uint64_t factor = 0x9E3779B97F4A7C15u;
	uint64_t       h = s.n * factor, word = 0;
	size_t         at = 0;
	for (; s.n - at >= sizeof word; at += sizeof word) {
		memcpy(&word, s.p + at, sizeof word);
		h = (h ^ word) * factor;
		h ^= h >> 32;
	}
	word = 0;
	for (; at < s.n; at++)
		word = word << 8 | s.p[at];
	h = (h ^ word) * factor;
	return (uint32_t)(h >> 32);
}

static bool is_topic(const struct alias_entry *e, struct span topic)
{
	return e->n == topic.n && !memcmp(e->topic, topic.p, topic.n);
}

static uint16_t *bucket(const struct alias_out *a, uint32_t hash)
{
	return &a->buckets[hash & (a->size - 1u)];
}

static void chain_in(struct alias_out *a, uint16_t alias)
{
	uint16_t *first = bucket(a, entry(a, alias)->hash);
	entry(a, alias)->chain = *first;
	*first = alias;
}

static void chain_out(struct alias_out *a, uint16_t alias)
{
	uint16_t *link = bucket(a, entry(a, alias)->hash);
	while (*link && *link != alias)
		link = &entry(a, *link)->chain;
	if (*link)
		*link = entry(a, alias)->chain;
}

static void unlink_use(struct alias_out *a, uint16_t alias)
{
	const struct alias_entry *e = entry(a, alias);
	*(e->newer ? &entry(a, e->newer)->older : &a->newest) = e->older;
	*(e->older ? &entry(a, e->older)->newer : &a->oldest) = e->newer;
}

static void link_newest(struct alias_out *a, uint16_t alias)
{
	struct alias_entry *e = entry(a, alias);
	e->newer = 0;
	e->older = a->newest;
	*(a->newest ? &entry(a, a->newest)->newer : &a->oldest) = alias;
	a->newest = alias;
}

static void link_oldest(struct alias_out *a, uint16_t alias)
{
	struct alias_entry *e = entry(a, alias);
	e->older = 0;
	e->newer = a->oldest;
	*(a->oldest ? &entry(a, a->oldest)->older : &a->newest) = alias;
	a->oldest = alias;
}

uint16_t alias_out_find(struct alias_out *a, struct span topic)
{
	if (a->newest && is_topic(entry(a, a->newest), topic))
		return a->newest; /* the same one again is the usual case */
	if (a->count == 0)
		return 0;
	uint32_t hash = hash_of(topic);
	uint16_t alias = *bucket(a, hash);
	while (alias && !(entry(a, alias)->hash == hash && is_topic(entry(a, alias), topic)))
		alias = entry(a, alias)->chain;
	if (!alias)
		return 0;
	unlink_use(a, alias);
	link_newest(a, alias);
	return alias;
}

/* Twice as many entries and buckets; as many of the one as of the other, a power of two. */
static bool grow(struct alias_out *a)
{
	uint32_t            size = a->size ? 2u * a->size : FIRST_SIZE;
	struct alias_entry *entries = size <= UINT16_MAX + 1u ? realloc(a->entries, size * sizeof *entries) : NULL;
	if (!entries)
		return false;
	a->entries = entries;
	uint16_t *buckets = size <= UINT16_MAX ? calloc(size, sizeof *buckets) : NULL;
	if (!buckets)
		return false;
	free(a->buckets);
	a->buckets = buckets;
	a->size = (uint16_t)size;
	for (uint16_t alias = 1; alias <= a->count; alias++)
		if (entry(a, alias)->n)
			chain_in(a, alias);
	return true;
}

static bool may_add(struct alias_out *a)
{
	return a->count < a->maximum && (a->count < a->size || grow(a));
}

/* An alias whose entry stands in no chain: a new one, or the one that was not used for longest. */
static uint16_t vacant(struct alias_out *a)
{
	bool emptied = a->oldest && entry(a, a->oldest)->n == 0;
	if (!emptied && may_add(a)) {
		a->entries[a->count++] = (struct alias_entry){0};
		link_oldest(a, a->count);
	} else if (a->oldest && !emptied) {
		chain_out(a, a->oldest);
		entry(a, a->oldest)->n = 0;
	}
	return a->oldest;
}

uint16_t alias_out_give(struct alias_out *a, struct span topic)
{
	uint16_t            alias = a->maximum ? vacant(a) : 0;
	struct alias_entry *e = alias ? entry(a, alias) : NULL;
	if (e && e->room < topic.n) {
		uint8_t *p = realloc(e->topic, topic.n);
		if (!p)
			return 0;
		e->topic = p;
		e->room = (uint32_t)topic.n;
	}
	if (!e)
		return 0;
	put_bytes(e->topic, topic.p, topic.n);
	e->n = (uint32_t)topic.n;
	e->hash = hash_of(topic);
	chain_in(a, alias);
	unlink_use(a, alias);
	link_newest(a, alias);
	return alias;
}

void alias_out_withdraw(struct alias_out *a, uint16_t alias)
{
	chain_out(a, alias);
	entry(a, alias)->n = 0;
	unlink_use(a, alias);
	link_oldest(a, alias);
}
