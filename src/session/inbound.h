/* SPDX-License-Identifier: MIT */
/*
 * Messages to us that wait for the application's acknowledgement. PUBACKs leave in the order in which their messages came, and
 * so do PUBRECs [MQTT-4.6.0-2, MQTT-4.6.0-3], so there is a ring for each: what is answered out of order waits in it. It is
 * true of one connection only: on the next one the broker sends anew what was not answered.
 */
#ifndef SESSION_INBOUND_H
#define SESSION_INBOUND_H

#include "session/idtable.h"

struct held {
	uint16_t id;
	uint8_t  reason;
	bool     answered; /* by the application; the packet has not left */
};

struct held_ring {
	struct held *slots;
	uint32_t     size; /* a power of two, or 0 */
	uint32_t     count;
	uint64_t     first; /* serial number of the oldest one; the slot is its remainder by size */
	uint64_t     begin; /* of the connection's first one */
};

struct inbound {
	struct held_ring ring[2]; /* QoS 1, QoS 2 */
	struct idtable   ids;     /* identifiers of all that is held */
};

/* Empty; serial numbers go on behind these, which were given on earlier connections. */
void inbound_init(struct inbound *in, const uint64_t last[2]);
void inbound_fini(struct inbound *in);

/* Puts one behind all that wait at its QoS, 1 or 2; *serial is its number. False: no memory, and all is as it was. */
bool inbound_push(struct inbound *in, uint8_t qos, uint16_t id, uint64_t *serial);

/* The one with this number; NULL where it is not there, or not any more. */
struct held *inbound_find(const struct held_ring *r, uint64_t serial);

/* The oldest one if it is answered, otherwise NULL. */
struct held *inbound_ready(const struct held_ring *r);

/* Takes the oldest one out. */
void inbound_pop(struct inbound *in, struct held_ring *r);

#endif
