/* SPDX-License-Identifier: MIT */
/*
 * Vigna's xorshift64*: good enough to find mistakes, and small enough to read.
 */
#include "support/dice.h"

#include <stdlib.h>

void dice_init(struct dice *d, uint64_t seed)
{
	const char *given = getenv("MQTTWILL_SEED");
	if (seed == 0)
		seed = given ? strtoull(given, NULL, 0) : 20190307; /* the day MQTT 5 became a standard */
	d->seed = seed;
	d->state = seed ^ UINT64_C(0x9E3779B97F4A7C15);
	if (d->state == 0)
		d->state = 1;
}

uint64_t dice_bits(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * UINT64_C(0x2545F4914F6CDD1D);
}

uint32_t dice_roll(struct dice *d, uint32_t sides)
{
	return (uint32_t)((dice_bits(d) >> 32) * sides >> 32);
}

bool dice_chance(struct dice *d, unsigned percent)
{
	return dice_roll(d, 100) < percent;
}

void dice_bytes(struct dice *d, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)dice_bits(d);
}
