/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that are the same on every machine: xorshift64*, from a seed that a failing test prints.
 */
#ifndef SUPPORT_DICE_H
#define SUPPORT_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t seed, state;
};

/* The seed 0 means: MQTTWILL_SEED from the environment, or a fixed one. */
void dice_init(struct dice *d, uint64_t seed);

uint64_t dice_bits(struct dice *d);

/* 0 .. sides - 1. */
uint32_t dice_roll(struct dice *d, uint32_t sides);

bool dice_chance(struct dice *d, unsigned percent);

void dice_bytes(struct dice *d, uint8_t *out, size_t n);

#endif
