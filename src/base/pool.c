/* SPDX-License-Identifier: MIT */
/*
 * One list of kept blocks for each power of two; a kept block holds the link to the next.
 */
#include "base/pool.h"

#include <stdlib.h>

struct pool_block {
	struct pool_block *next;
};

static size_t class_size(uint8_t class)
{
	return (size_t)POOL_SMALLEST << class;
}

static uint8_t class_of(size_t size)
{
	uint8_t class = 0;
	while (class < POOL_CLASSES && class_size(class) < size)
		class++;
	return class < POOL_CLASSES ? class : POOL_NONE;
}

void *pool_take(struct pool *p, size_t size, uint8_t *class)
{
	*class = class_of(size);
	if (*class == POOL_NONE)
		return malloc(size);
	struct pool_block *b = p->kept[*class];
	if (!b)
		return malloc(class_size(*class));
	p->kept[*class] = b->next;
	p->kept_bytes -= class_size(*class);
	return b;
}

void pool_give(struct pool *p, void *block, uint8_t class)
{
	struct pool_block *b = block;
	if (class == POOL_NONE || p->kept_bytes + class_size(class) > POOL_KEPT_MAX) {
		free(block);
		return;
	}
	b->next = p->kept[class];
	p->kept[class] = b;
	p->kept_bytes += class_size(class);
}

void pool_relax(struct pool *p)
{
	for (int i = 0; i < POOL_CLASSES; i++) {
		while (p->kept[i]) {
			struct pool_block *next = p->kept[i]->next;
			free(p->kept[i]);
			p->kept[i] = next;
		}
	}
	p->kept_bytes = 0;
}
