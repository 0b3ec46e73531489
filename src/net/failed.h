/* SPDX-License-Identifier: MIT */
/*
 * Addresses that failed, over all attempts of a client: each goes behind the others for a while, which doubles with every
 * failure and ends with success. None is ever left out. The table is small; without memory nothing is remembered.
 */
#ifndef NET_FAILED_H
#define NET_FAILED_H

#include <stdint.h>

#include "net/address.h"

enum { FAILED_MOST = 32, FAILED_FIRST_MS = 30000, FAILED_MOST_MS = 600000 };

/* Zeroed is empty. */
struct failed {
	struct failed_entry *at;
	uint8_t              count, size;
};

void failed_note(struct failed *f, const union address *a, uint64_t now_ms);

/* It works: nothing is held against it any more. */
void failed_forget(struct failed *f, const union address *a);

/* Until when it goes behind those with a smaller answer; 0: it does not. */
uint64_t failed_until(const struct failed *f, const union address *a, uint64_t now_ms);

void failed_fini(struct failed *f);

#endif
