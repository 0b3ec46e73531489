/* SPDX-License-Identifier: MIT */
/*
 * What a dissector must say about a packet: its fields by tshark's names, in the order of the dissector's tree, a line
 * each. Written from the struct that was given to encode, never from the bytes.
 */
#ifndef READERS_EXPECT_H
#define READERS_EXPECT_H

#include <stdio.h>

#include "wire/packet.h"

/*
 * "mqtt.msgid 10": numbers are decimal, strings and binary data hexadecimal. Left out are lengths and the bytes that hold
 * several fields. `alias` is the topic that an empty topic stands for; it is shown as text.
 */
void expect_packet(FILE *out, const struct packet *pk, uint8_t level, const char *alias);

#endif
