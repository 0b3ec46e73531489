/* SPDX-License-Identifier: MIT */
/*
 * A message as the broker keeps it: what a PUBLISH or a will said, copied once and shared by all who wait for it.
 * Message expiry counts from message_stamp(), which for a will is its publication and not its CONNECT.
 */
#ifndef BROKER_MESSAGE_H
#define BROKER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "wire/packet.h"

struct message {
	size_t       holders;
	struct arena arena;
	struct span  topic, payload;
	struct span  publisher; /* its client id */
	struct props props;     /* ready to encode: 0x01 0x02 0x03 0x08 0x09 and 0x26, nothing else */
	uint8_t      qos;
	bool         retain;
	bool         unstored; /* retained in name only: bugs.h */
	uint64_t     published_ms;
};

/* From a PUBLISH, or from the will of a CONNECT; the caller holds it. NULL where there is no memory. */
struct message *message_from_publish(const struct packet *pk, struct span publisher);
struct message *message_from_will(const struct connect *connect, struct span publisher);

struct message *message_hold(struct message *m);
void            message_release(struct message *m); /* NULL is fine */

/* It is published now: its expiry begins. */
void message_stamp(struct message *m, uint64_t now_ms);

/* [MQTT-3.3.2-5]. At the moment of its publication nothing has expired, not even after 0 seconds. */
bool message_expired(const struct message *m, uint64_t now_ms);

/* The Message Expiry Interval to send now: as given, minus the whole seconds it has waited [MQTT-3.3.2-6]. */
uint32_t message_expiry_left(const struct message *m, uint64_t now_ms);

#endif
