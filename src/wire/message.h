/* SPDX-License-Identifier: MIT */
/*
 * A message as PUBLISH has it, and a copy of one that is kept.
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include <mqttwill.h>

#include "base/arena.h"
#include "wire/packet.h"

/* Does it have what only MQTT 5 can carry? */
bool message_has_properties(const struct mqttwill_message *m);

/* Makes a PUBLISH of a legal message; the message's strings are pointed to. */
void message_into_publish(const struct mqttwill_message *m, struct packet *pk);

/* A deep copy; false where there is no memory. */
bool message_copy(struct arena *a, struct mqttwill_message *to, const struct mqttwill_message *from);

#endif
