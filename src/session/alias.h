/* SPDX-License-Identifier: MIT */
/*
 * Topic Aliases of one connection [MQTT 5, 3.3.2.3.4]: those that the peer gives its topics, and those that we give ours.
 * They die with the connection [MQTT-3.3.2-7]. Memory is bounded by maximum x topic length and grows with topics seen.
 */
#ifndef SESSION_ALIAS_H
#define SESSION_ALIAS_H

#include "base/bytes.h"
#include "session/idtable.h"

/* ---- The peer's ---- */

struct alias_in {
	struct idtable topics; /* alias -> topic */
	uint16_t       maximum; /* what CONNECT announced */
};

void alias_in_init(struct alias_in *a, uint16_t maximum);
void alias_in_fini(struct alias_in *a);

/* alias is 1 to the maximum; what it stood for before is replaced. False: no memory, and nothing has changed. */
bool alias_in_set(struct alias_in *a, uint16_t alias, struct span topic);

/* A C string that lives until the alias gets another topic; p is NULL where it has none. */
struct span alias_in_get(const struct alias_in *a, uint16_t alias);

/* ---- Ours ---- */

struct alias_entry; /* alias.c's */

/* The least recently used topic gives its alias to a new one. */
struct alias_out {
	struct alias_entry *entries; /* of alias 1 and up */
	uint16_t           *buckets; /* hash -> the first alias of a chain */
	uint16_t            maximum; /* what both sides allow; 0: off */
	uint16_t            count, size; /* aliases in use, and entries there are */
	uint16_t            newest, oldest; /* by their last use; newest is looked at first */
};

enum { ALIAS_TOPIC_MIN = 4 }; /* three bytes say the alias: a shorter topic is sent as it is */

void alias_out_init(struct alias_out *a, uint16_t maximum);
void alias_out_fini(struct alias_out *a);

/* The alias that stands for the topic at the peer, and was used now; 0: none. */
uint16_t alias_out_find(struct alias_out *a, struct span topic);

/* Gives a topic that has none its alias, which is to be sent together with it; 0: no memory, or off. */
uint16_t alias_out_give(struct alias_out *a, struct span topic);

/* It was not sent after all: the alias stands for nothing. */
void alias_out_withdraw(struct alias_out *a, uint16_t alias);

#endif
