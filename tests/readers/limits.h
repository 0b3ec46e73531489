/* SPDX-License-Identifier: MIT */
/*
 * What mqtt-packet cannot read or write, though the specification allows it. Each limit says in which packets it may be
 * met, and changes the packet that was made into what then must come back, so that all the rest is still compared.
 */
#ifndef READERS_LIMITS_H
#define READERS_LIMITS_H

#include "base/arena.h"
#include "wire/packet.h"

struct limit {
	const char *said; /* mqtt-packet's error, to which roundtrip.js has its answer; NULL where it says nothing */
	const char *reason;
	bool (*applies)(const struct packet *made, uint8_t level);
	void (*change)(struct packet *made, struct arena *a);
};

enum { LIMITS = 4 };
extern const struct limit limits[LIMITS];

/* The limit that mqtt-packet's words name and that the packet may meet, or NULL. */
const struct limit *limit_find(const char *said, const struct packet *made, uint8_t level);

/* The silent one: mqtt-packet keeps user properties in an object of JavaScript. */
extern const struct limit user_limit;

/* Brings a packet's user properties into the order of their names; for what was read. */
void users_sort(struct packet *pk, struct arena *a);

#endif
