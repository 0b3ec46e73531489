/* SPDX-License-Identifier: MIT */
/*
 * Shared subscriptions [MQTT 5, 4.8.2]: the subscriptions of all sessions to one $share/NAME/FILTER are a group. A message
 * that FILTER matches goes to one of them: to the one whose turn is longest ago, and where somebody is connected, to one who
 * is. What a session was given is its own from then on, come what may.
 */
#ifndef BROKER_SHARE_H
#define BROKER_SHARE_H

#include "broker/core.h"

/* Gives the message to one member of each group that wants it. */
void share_give(struct broker *b, struct message *m, uint64_t now_ms);

#endif
