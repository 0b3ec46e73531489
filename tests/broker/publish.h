/* SPDX-License-Identifier: MIT */
/*
 * From one who publishes to all who subscribed. Publishing closes no link and ends no session, so that it may be called
 * from anywhere: a link that cannot take more is only marked.
 */
#ifndef BROKER_PUBLISH_H
#define BROKER_PUBLISH_H

#include "broker/core.h"

/* The message is published now: stored if it is retained, and given to every session that wants it. */
void publish_message(struct broker *b, struct message *m, uint64_t now_ms);

#endif
