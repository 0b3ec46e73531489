/* SPDX-License-Identifier: MIT */
/*
 * Many small copies that live and die together: the strings of a configuration.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	bool                failed; /* an allocation failed; every copy since then is NULL */
};

void arena_init(struct arena *a);

/* What was in it is wiped. */
void arena_fini(struct arena *a);

/* size zeroed bytes, aligned for any type; NULL and `failed` where there is no memory. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of n bytes with a NUL behind it; NULL for NULL. */
void *arena_copy(struct arena *a, const void *bytes, size_t n);

/* A copy of a C string, or of len bytes where len is not 0. */
char *arena_text(struct arena *a, const char *s, size_t len);

#endif
