/* SPDX-License-Identifier: MIT */
/*
 * Packets compared, and decoded packets made ready to be encoded again.
 */
#ifndef SUPPORT_PACKETS_H
#define SUPPORT_PACKETS_H

#include "base/arena.h"
#include "wire/packet.h"

/* NULL, or what about a decoded packet is not as in the packet that was given to encode. */
const char *packet_differs(const struct packet *made, const struct packet *read, uint8_t level);

/* Makes of a decoded packet one to encode; what repeats goes into the arena. False where there is no memory. */
bool packet_again(struct packet *pk, struct arena *a);

#endif
