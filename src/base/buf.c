/* SPDX-License-Identifier: MIT */
/*
 * Growth is by half again, so that a burst costs few copies; the front is closed up only when the end has no room.
 */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 128 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

static void close_up(struct buf *b)
{
	memmove(b->data, buf_front(b), buf_len(b));
	b->tail -= b->head;
	b->head = 0;
}

static bool grow(struct buf *b, size_t need)
{
	size_t cap = b->cap + b->cap / 2;
	if (cap > b->max)
		cap = b->max;
	if (cap < need)
		cap = need;
	if (cap < SMALLEST)
		cap = SMALLEST;
	uint8_t *data = realloc(b->data, cap);
	if (!data)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->tail >= n && buf_len(b) + n <= b->max)
		return b->data ? b->data + b->tail : NULL;
	if (n > b->max || buf_len(b) > b->max - n)
		return NULL;
	if (b->head)
		close_up(b);
	if (b->cap - b->tail < n && !grow(b, b->tail + n))
		return NULL;
	return b->data + b->tail;
}

void buf_commit(struct buf *b, size_t n)
{
	b->tail += n;
}

bool buf_append(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return true;
	uint8_t *p = buf_reserve(b, n);
	if (!p)
		return false;
	memcpy(p, bytes, n);
	b->tail += n;
	return true;
}

void buf_take(struct buf *b, size_t n)
{
	b->head += n;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void buf_relax(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_fini(b);
}
