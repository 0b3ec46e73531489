/* SPDX-License-Identifier: MIT */
/*
 * A chain of blocks; the newest has the room. Sizes are added up with care, because they come from callers.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 };

struct arena_block {
	struct arena_block  *older;
	size_t               used, size;
	alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *older = a->blocks->older;
		explicit_bzero(a->blocks->bytes, a->blocks->used); /* passwords and keys may be among it */
		free(a->blocks);
		a->blocks = older;
	}
	a->failed = false;
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	if (size < BLOCK)
		size = BLOCK;
	struct arena_block *b = size < SIZE_MAX / 2 ? calloc(1, sizeof *b + size) : NULL;
	if (!b)
		return NULL;
	b->size = size;
	b->older = a->blocks;
	a->blocks = b;
	return b;
}

static size_t aligned(size_t n)
{
	return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	size_t              need = size <= SIZE_MAX / 2 ? aligned(size) : SIZE_MAX;
	if (!a->failed && (!b || b->size - b->used < need))
		b = add_block(a, need);
	if (a->failed || !b) {
		a->failed = true;
		return NULL;
	}
	void *p = b->bytes + b->used;
	b->used += need;
	return p;
}

void *arena_copy(struct arena *a, const void *bytes, size_t n)
{
	if (!bytes)
		return NULL;
	char *p = arena_alloc(a, n < SIZE_MAX ? n + 1 : n);
	if (p && n)
		memcpy(p, bytes, n);
	return p;
}

char *arena_text(struct arena *a, const char *s, size_t len)
{
	return arena_copy(a, s, s && len == 0 ? strlen(s) : len);
}
