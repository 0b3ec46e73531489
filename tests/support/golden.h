/* SPDX-License-Identifier: MIT */
/*
 * Packets and their bytes, written down by hand from the specifications: what encode must write and decode must read.
 */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include "wire/packet.h"

/* Bits of `levels`. */
enum { IN_31 = 1 << LEVEL_31, IN_311 = 1 << LEVEL_311, IN_5 = 1 << LEVEL_5, IN_3X = IN_31 | IN_311 };

struct golden {
	const char   *name;
	unsigned      levels;
	unsigned      sides; /* enum side bits: who may send it */
	const char   *hex;   /* for support/bytes.h */
	struct packet packet;
};

extern const struct golden golden_3x[], golden_5[];
extern const size_t        golden_3x_count, golden_5_count;

/* All of them; NULL behind the last. */
const struct golden *golden_at(size_t i);
size_t               golden_count(void);

#endif
