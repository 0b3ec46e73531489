/* SPDX-License-Identifier: MIT */
/*
 * Requests and their replies [MQTT 5, 4.10]. A request waits for a subscription to its response topic, is published, and ends
 * with one REPLY: the message that brings its correlation data back, or an error. It is kept until then.
 */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "client/client.h"

void requests_init(struct client *c);
void requests_fini(struct client *c);

/* Response Information of a CONNACK; where it has none the topics are our own. 0, or MQTTWILL_ENOMEM. */
int requests_learn(struct client *c, const struct props *p);

/* Ends what is overdue; subscribes and publishes what is due. Callbacks run. */
void requests_step(struct client *c);

/* When requests_step() has something to do. */
uint64_t requests_deadline(const struct client *c);

/* A packet of ours, told by its token below 0, came to its end; ev is what DONE would say. Callbacks run. */
void requests_outcome(struct client *c, int64_t token, int error, struct mqttwill_event *ev);

/* A message came; true: it is a reply that was waited for, or one that nobody waits for any more. Callbacks run. */
bool requests_take(struct client *c, const struct mqttwill_message *m);

/* Is the token that of an open request? */
bool requests_pending(const struct client *c, int64_t token);

/* The client is closed: what is open ends with MQTTWILL_ECANCELED. Callbacks run. */
void requests_cancel(struct client *c);

#endif
