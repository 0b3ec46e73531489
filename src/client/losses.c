/* SPDX-License-Identifier: MIT */
/*
 * What becomes of messages and requests when the connection goes, the session, or the client.
 */
#include <stdlib.h>

#include "client/internal.h"

static struct outgoing *outgoing_of(struct list *l)
{
	return list_entry(l, struct outgoing, link);
}

void queue_unsent(struct client *c)
{
	uint32_t lost = unsent_lost(c);
	for (struct list *l = c->written.next; c->session && l != &c->written; l = l->next)
		lost += outgoing_of(l)->end > c->session->sent;
	c->undelivered = c->closing ? lost : 0; /* the rest is counted when it is cancelled */
}

/* Takes messages and requests, or requests only, out of flight and puts them, in their order, before all that waits. */
static void recall(struct client *c, bool requests_only)
{
	struct list back;
	list_init(&back);
	for (struct list *l = c->flight.sent.next, *next; l != &c->flight.sent; l = next) {
		struct outgoing *o = outgoing_of(l);
		next = l->next;
		if (requests_only && o->type == PACKET_PUBLISH)
			continue;
		flight_leave(&c->flight, o);
		list_push(&back, l);
	}
	for (struct list *l = back.prev, *prev; l != &back; l = prev) {
		prev = l->prev;
		list_remove(l);
		if (outgoing_of(l)->presence)
			end_presence(c, outgoing_of(l)); /* made anew, never sent late */
		else
			queue_return(c, outgoing_of(l));
	}
}

/* QoS 0 is at most once: whether it arrived is not known, so it is neither sent again nor called delivered. */
static void written_lost(struct client *c)
{
	for (struct list *l; (l = list_first(&c->written));) {
		list_remove(l);
		end_later(c, outgoing_of(l), MQTTWILL_ELOST);
	}
}

void queue_connection_lost(struct client *c)
{
	recall(c, true); /* messages stay in flight [MQTT-3.1.2-23] */
	written_lost(c);
	ends_tell(c);
	flight_relax(&c->flight);
}

void queue_refuse(struct client *c)
{
	for (struct list *l = c->flight.sent.next, *next; l != &c->flight.sent; l = next) {
		struct outgoing *o = outgoing_of(l);
		int              error = session_still_takes(c->session, o);
		next = l->next;
		if (error == 0)
			continue;
		flight_leave(&c->flight, o);
		if (o->presence)
			flight_free(&c->flight, o); /* made anew, to the new limits */
		else
			end_later(c, o, error);
	}
}

/* The broker owns what it has answered with PUBREC: that is delivered, whatever became of its session. */
static void settle_released(struct client *c)
{
	for (struct list *l = c->flight.sent.next, *next; l != &c->flight.sent; l = next) {
		struct outgoing *o = outgoing_of(l);
		next = l->next;
		if (o->state != OUTGOING_RELEASED || o->presence)
			continue;
		flight_leave(&c->flight, o);
		end_later(c, o, 0);
	}
}

void queue_session_lost(struct client *c)
{
	settle_released(c);
	recall(c, false);
	flight_forget_received(&c->flight);
}

void queue_drop_renewals(struct client *c)
{
	for (struct list *l = c->queue.next, *next; l != &c->queue; l = next) {
		struct outgoing *o = outgoing_of(l);
		next = l->next;
		if (o->token)
			continue;
		queue_take(c, o);
		end_later(c, o, 0);
	}
}

void queue_cancel(struct client *c)
{
	settle_released(c);
	recall(c, false);
	queue_drop_renewals(c);
	for (struct list *l; (l = list_first(&c->queue));) {
		c->undelivered += outgoing_of(l)->type == PACKET_PUBLISH;
		queue_take(c, outgoing_of(l));
		end_later(c, outgoing_of(l), MQTTWILL_ECANCELED);
	}
	written_lost(c);
	ends_tell(c);
	flight_fini(&c->flight);
}
