/* SPDX-License-Identifier: MIT */
/*
 * The smallest MQTT 5 packet around a property section, for each place that has one.
 */
#ifndef UNIT_PLACE_H
#define UNIT_PLACE_H

#include "support/bytes.h"
#include "wire/packet.h"

/* Who may send such a packet: enum side bits; 0 where there is none with properties. */
unsigned place_sides(enum packet_type place);

/* "PUBLISH", or "Will Properties". */
const char *place_name(enum packet_type place);

/* The packet with this section, whose Property Length is n plus `excess`. */
struct bytes place_packet(enum packet_type place, const uint8_t *section, size_t n, int excess);

/* Decodes such a packet: the reason code of its fault, 0 where it is good. */
uint8_t place_fault(enum packet_type place, enum side from, const char *section_hex);

#endif
