/* SPDX-License-Identifier: MIT */
/*
 * A byte queue that cannot be made without a ceiling: bytes are appended at the end and taken from the front.
 * It owns no memory before its first byte, and after buf_relax() when it is empty.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t   head; /* first byte not yet taken */
	size_t   tail; /* one past the last byte */
	size_t   cap;
	size_t   max; /* the ceiling of tail - head */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Room for n more bytes at the end, or NULL: the ceiling would be passed, or there is no memory. The buffer stays as it was. */
uint8_t *buf_reserve(struct buf *b, size_t n);

/* The n bytes at the end, reserved and written, now belong to the queue. */
void buf_commit(struct buf *b, size_t n);

bool buf_append(struct buf *b, const void *bytes, size_t n);

/* Takes n bytes from the front; n is at most buf_len(). Keeps the memory. */
void buf_take(struct buf *b, size_t n);

/* Gives the memory back if the queue is empty. */
void buf_relax(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

static inline uint8_t *buf_front(const struct buf *b)
{
	return b->data + b->head;
}

#endif
