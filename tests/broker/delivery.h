/* SPDX-License-Identifier: MIT */
/*
 * Messages on their way to one session: QoS 1 and 2 wait until the client has room for them (Receive Maximum), are kept
 * until they are acknowledged, and are sent again when the session is resumed. QoS 0 goes out at once or not at all.
 */
#ifndef BROKER_DELIVERY_H
#define BROKER_DELIVERY_H

#include "broker/core.h"

struct delivery_order {
	uint8_t         qos;
	bool            retain;
	const uint32_t *ids; /* Subscription Identifiers, copied */
	size_t          id_count;
};

void delivery_add(struct session *s, struct message *m, const struct delivery_order *order, uint64_t now_ms);

/* Sends what may be sent. */
void delivery_pump(struct session *s, uint64_t now_ms);

/* The session has a link again: what was in flight is sent once more, in its order [MQTT-4.4.0-1]. */
void delivery_resume(struct session *s, uint64_t now_ms);

/* PUBACK, PUBREC and PUBCOMP of the client. False where no message waits for that. */
bool delivery_acknowledged(struct session *s, const struct packet *pk, uint64_t now_ms);

void delivery_clear(struct session *s);

#endif
