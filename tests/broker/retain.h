/* SPDX-License-Identifier: MIT */
/*
 * Retained messages: the last one of each topic [MQTT 5, 3.3.1.3].
 */
#ifndef BROKER_RETAIN_H
#define BROKER_RETAIN_H

#include "broker/core.h"

/* Stores a message that has Retain 1 in place of the topic's last one; an empty one only removes that. */
void retain_store(struct broker *b, struct message *m);

/* The next retained message that the filter matches and that has not expired; *at starts as NULL. NULL at the end. */
struct message *retain_next(struct broker *b, struct span filter, struct list **at, uint64_t now_ms);

void retain_clear(struct broker *b);

#endif
