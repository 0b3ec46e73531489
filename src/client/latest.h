/* SPDX-License-Identifier: MIT */
/*
 * Topic -> the message that waits for it, where only the last one of each topic waits.
 */
#ifndef CLIENT_LATEST_H
#define CLIENT_LATEST_H

#include "session/flight.h"

struct latest_slot {
	struct outgoing *o; /* NULL: free */
	uint32_t         hash;
};

struct latest {
	struct latest_slot *slots;
	uint32_t            size; /* a power of two, or 0 */
	uint32_t            count;
};

/* Frees the slots; the table is empty. */
void latest_fini(struct latest *t);

/* Room for n messages in all, so that latest_put() cannot fail. False: no memory, and the table is as it was. */
bool latest_reserve(struct latest *t, uint32_t n);

/* NULL where no message to this topic is there. */
struct outgoing *latest_find(const struct latest *t, struct span topic);

/* There is room, and no message to its topic is there. */
void latest_put(struct latest *t, struct outgoing *o);

/* Takes it out, if it is there. */
void latest_take(struct latest *t, const struct outgoing *o);

#endif
