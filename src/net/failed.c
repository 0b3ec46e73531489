/* SPDX-License-Identifier: MIT */
/*
 * An unsorted table: it has an entry for each address that is out of order now, most often none.
 */
#include "net/failed.h"

#include <stdlib.h>

struct failed_entry {
	union address address;
	uint32_t       hold_ms;
	uint64_t       until;
};

static struct failed_entry *find(const struct failed *f, const union address *a)
{
	for (uint8_t i = 0; i < f->count; i++)
		if (address_equal(&f->at[i].address, a))
			return &f->at[i];
	return NULL;
}

static struct failed_entry *oldest(const struct failed *f)
{
	struct failed_entry *first = f->at;
	for (uint8_t i = 0; i < f->count; i++)
		if (f->at[i].until < first->until)
			first = &f->at[i];
	return first;
}

/* A new entry, or that of the address whose time is over first. */
static struct failed_entry *add(struct failed *f)
{
	if (f->count == f->size && f->size < FAILED_MOST) {
		uint8_t              size = f->size ? (uint8_t)(2 * f->size) : 2;
		struct failed_entry *bigger = realloc(f->at, size * sizeof *bigger);
		if (bigger) {
			f->at = bigger;
			f->size = size;
		}
	}
	return f->count < f->size ? &f->at[f->count++] : f->count ? oldest(f) : NULL;
}

void failed_note(struct failed *f, const union address *a, uint64_t now_ms)
{
	struct failed_entry *e = find(f, a);
	/* an address that has been in order for as long as it was held is a new case */
	uint32_t hold = e && now_ms < e->until + e->hold_ms ? 2 * e->hold_ms : FAILED_FIRST_MS;
	if (!e)
		e = add(f);
	if (!e)
		return;
	hold = hold < FAILED_MOST_MS ? hold : FAILED_MOST_MS;
	*e = (struct failed_entry){.address = *a, .hold_ms = hold, .until = now_ms + hold};
}

void failed_forget(struct failed *f, const union address *a)
{
	struct failed_entry *e = find(f, a);
	if (!e)
		return;
	*e = f->at[--f->count];
	if (f->count == 0)
		failed_fini(f);
}

uint64_t failed_until(const struct failed *f, const union address *a, uint64_t now_ms)
{
	const struct failed_entry *e = find(f, a);
	return e && e->until > now_ms ? e->until : 0;
}

void failed_fini(struct failed *f)
{
	free(f->at);
	*f = (struct failed){0};
}
