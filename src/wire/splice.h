/* SPDX-License-Identifier: MIT */
/*
 * A Topic Alias put into a PUBLISH of MQTT 5 that is encoded already, with its whole topic and without an alias: what is
 * kept to be sent again must not depend on one connection's aliases [MQTT-3.3.2-7].
 */
#ifndef WIRE_SPLICE_H
#define WIRE_SPLICE_H

#include "wire/packet.h"

/* The topic of an encoded PUBLISH. */
struct span splice_topic(const uint8_t *publish);

/* Bytes of the packet with an alias, beside its topic or (`bare`) in the topic's place; 0: longer than MQTT can say. */
size_t splice_size(const uint8_t *publish, size_t size, bool bare);

/* Writes it into splice_size() bytes, which must not be 0. */
void splice_write(const uint8_t *publish, size_t size, uint16_t alias, bool bare, uint8_t *out);

#endif
