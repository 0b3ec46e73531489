/* SPDX-License-Identifier: MIT */
/*
 * Random legal packets: any type, any level, any properties that its sender may use.
 */
#ifndef SUPPORT_PACKET_RANDOM_H
#define SUPPORT_PACKET_RANDOM_H

#include "base/arena.h"
#include "support/dice.h"
#include "wire/packet.h"

/* May `from` send this type at this level? */
bool packet_random_possible(uint8_t type, uint8_t level, enum side from);

/* Makes such a packet, to be encoded. Its strings live in the arena. */
void packet_random(struct dice *d, struct arena *a, uint8_t type, uint8_t level, enum side from, struct packet *pk);

#endif
