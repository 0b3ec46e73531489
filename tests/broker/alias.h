/* SPDX-License-Identifier: MIT */
/*
 * Topic Aliases of one network connection, in one direction [MQTT 5, 3.3.2.3.4]. Each holds a copy of its topic.
 */
#ifndef BROKER_ALIAS_H
#define BROKER_ALIAS_H

#include <stdbool.h>

#include "base/bytes.h"

struct aliases {
	struct span *topics; /* of alias 1 and up; those that are not in use are empty */
	uint16_t     maximum;
	uint16_t     last; /* the one that was given a topic last */
};

/* Room for so many; 0: none are allowed. */
void aliases_init(struct aliases *a, uint16_t maximum);
void aliases_fini(struct aliases *a);

/* alias is 1 to the maximum. False: no memory. */
bool aliases_set(struct aliases *a, uint16_t alias, struct span topic);

/* Empty where the alias has no topic. */
struct span aliases_get(const struct aliases *a, uint16_t alias);

/* The alias that has this topic; 0: none. */
uint16_t aliases_find(const struct aliases *a, struct span topic);

/* The alias to be used for the next topic: each in its turn. */
uint16_t aliases_next(const struct aliases *a);

#endif
