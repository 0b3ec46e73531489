/* SPDX-License-Identifier: MIT */
/*
 * Blocks that come and go all the time are kept for the next one of about their size, up to a ceiling. Every block is
 * malloc()'s own, so that free() takes it, too.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
	POOL_CLASSES = 9,
	POOL_SMALLEST = 128,       /* bytes of the smallest class; each is twice the one before */
	POOL_KEPT_MAX = 64 * 1024, /* bytes kept in all */
	POOL_NONE = 255            /* the class of a block that belongs to none */
};

struct pool_block;

struct pool {
	struct pool_block *kept[POOL_CLASSES];
	size_t             kept_bytes;
};

/* A block of at least `size` bytes, and its class; NULL where there is no memory. */
void *pool_take(struct pool *p, size_t size, uint8_t *class);

/* Keeps the block, or frees it. */
void pool_give(struct pool *p, void *block, uint8_t class);

/* Frees what is kept. */
void pool_relax(struct pool *p);

#endif
