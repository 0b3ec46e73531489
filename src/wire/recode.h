/* SPDX-License-Identifier: MIT */
/*
 * A packet that was encoded for one version or one broker, made fit for another where it lies: nothing is allocated.
 */
#ifndef WIRE_RECODE_H
#define WIRE_RECODE_H

#include "wire/packet.h"

enum {
	RECODE_GROWTH = 2, /* bytes by which a packet may grow: an empty property section, and what its length then takes more */
	RECODE_TEXT = 160  /* enough for every name that recode_losses() can tell */
};

/* What the packet is to be. */
struct recode {
	uint8_t from, to; /* enum level */
	uint8_t qos;      /* PUBLISH: at most this; lowered to 0 it loses its packet identifier */
	bool    no_retain;
	bool    no_properties; /* none stays, not even from MQTT 5 to MQTT 5 */
};

/*
 * Rewrites a PUBLISH with a topic, SUBSCRIBE or UNSUBSCRIBE as a client sends it, with any packet identifier but 0. What
 * `to` does not have is left out. Returns its new size.
 */
size_t packet_recode(uint8_t *bytes, size_t size, const struct recode *how);

/*
 * What a decoded packet of MQTT 5 would lose in an older version: names, with commas between them; "" for nothing. True: the
 * packet means something else without it, and must not be sent.
 */
bool recode_losses(const struct packet *pk, char text[RECODE_TEXT]);

#endif
