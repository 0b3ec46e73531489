/* SPDX-License-Identifier: MIT */
/*
 * The subscriptions of a session, and which of them want a message [MQTT 5, 3.8.3, 3.8.4].
 */
#ifndef BROKER_SUBSCRIPTION_H
#define BROKER_SUBSCRIPTION_H

#include "broker/core.h"

struct subscription {
	struct list node;
	struct span filter;
	uint8_t     options; /* as in SUBSCRIBE, with the QoS that was granted */
	uint32_t    id;      /* Subscription Identifier; 0: none */
	bool        shared;  /* share.h: its filter is $share/NAME/FILTER, which is also what its group is known by */
	uint64_t    turn;    /* shared: when it was given a message last, as broker.turns counts; 0: never */
};

/* All of one session's subscriptions but the shared ones that match a message, taken together. */
struct match {
	uint8_t  qos; /* the highest [MQTT-3.3.4-2] */
	bool     retain_as_published; /* one of them asks for it */
	size_t   id_count;
	uint32_t ids[BROKER_SUBSCRIPTIONS_MAX]; /* [MQTT-3.3.4-3], [MQTT-3.3.4-4] */
};

/* NULL: the session has none with this filter. */
struct subscription *subscription_find(const struct session *s, struct span filter);

/* Adds a subscription or replaces the one with the same filter. NULL: no room. *existed tells which it was. */
struct subscription *subscription_set(struct session *s, struct span filter, uint8_t options, uint32_t id,
                                      bool *existed);

/* False where there was none. */
bool subscription_remove(struct session *s, struct span filter);
void subscription_clear(struct session *s);

/* False where no subscription of the session wants the message. */
bool subscription_match(const struct session *s, const struct message *m, struct match *match);

/* No Local, and the message is the session's own [MQTT-3.8.3-3]. */
bool subscription_is_local(const struct session *s, const struct subscription *sub, const struct message *m);

#endif
