/* SPDX-License-Identifier: MIT */
/*
 * Two lists: what is in flight, and what waits. On resume all that is unacknowledged goes back to the front of what
 * waits, keeping its packet identifier, so that one function sends everything.
 */
#include "broker/delivery.h"

#include <stdlib.h>

#include "broker/link.h"

enum { OUTPUT_ENOUGH = 64 * 1024 }; /* beyond it, messages stay messages */

struct delivery {
	struct list     node;
	struct message *message;
	uint16_t        id; /* 0: none yet */
	uint8_t         qos;
	uint8_t         awaits; /* in flight: enum packet_type of the acknowledgement; 0: never sent */
	bool            retain;
	size_t          id_count;
	uint32_t        ids[];
};

static void say_dropped(struct session *s, const struct message *m, const char *why, uint64_t now_ms)
{
	broker_say(s->broker,
	           (struct broker_event){
			   .type = BROKER_DROPPED,
			   .client_id = s->client_id,
			   .topic = m->topic,
			   .payload = m->payload,
			   .text = why,
		   },
	           now_ms);
}

static void finish(struct session *s, struct delivery *d)
{
	list_remove(&d->node);
	if (d->id)
		ids_remove(&s->sent, d->id);
	s->queued--;
	s->queued_bytes -= d->message->payload.n;
	message_release(d->message);
	free(d);
}

static struct delivery *make(struct message *m, const struct delivery_order *order)
{
	struct delivery *d = calloc(1, sizeof *d + order->id_count * sizeof d->ids[0]);
	if (!d)
		return NULL;
	d->message = message_hold(m);
	d->qos = order->qos;
	d->retain = order->retain;
	d->id_count = order->id_count;
	if (order->id_count)
		memcpy(d->ids, order->ids, order->id_count * sizeof d->ids[0]);
	return d;
}

static struct packet publish_packet(const struct message *m, const struct delivery_order *order, uint64_t now_ms)
{
	struct packet pk = {
		.type = PACKET_PUBLISH,
		.qos = order->qos,
		.retain = order->retain,
		.topic = m->topic,
		.payload = m->payload,
		.props = m->props,
	};
	pk.props.message_expiry = message_expiry_left(m, now_ms);
	if (order->id_count) {
		pk.props.has |= HAS(SUBSCRIPTION_ID);
		pk.props.subscription_id = order->ids[0]; /* [MQTT-3.3.4-3], [MQTT-3.3.4-4] */
		pk.props.subscription_ids = order->ids + 1;
		pk.props.subscription_id_count = order->id_count - 1;
	}
	return pk;
}

/* A packet identifier that is not in use [MQTT-2.2.1-4]; 0 where there is no memory to remember it. */
static uint16_t next_id(struct session *s)
{
	if (s->sent.count == 65535)
		return 0;
	do
		s->last_id = (uint16_t)(s->last_id % 65535 + 1);
	while (ids_have(&s->sent, s->last_id));
	return ids_add(&s->sent, s->last_id) ? s->last_id : 0;
}

static bool room(const struct session *s)
{
	const struct broker_link *l = s->link;
	return l && l->quota && !l->cut && buf_len(&l->out) < OUTPUT_ENOUGH; /* [MQTT-3.3.4-9] */
}

/* False where it was not sent: it has been dropped, or waits for the next link. */
static bool send(struct session *s, struct delivery *d, uint64_t now_ms)
{
	struct delivery_order order = {d->qos, d->retain, d->ids, d->id_count};
	struct packet         pk = publish_packet(d->message, &order, now_ms);
	pk.dup = d->awaits != 0; /* [MQTT-3.3.1-1] */
	if (!d->id)
		d->id = next_id(s);
	pk.id = d->id;
	if (d->id && link_send(s->link, &pk)) {
		d->awaits = d->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC;
		s->link->quota--;
		return true;
	}
	if (s->link->cut)
		return false;
	/* [MQTT-3.1.2-25]: as if it had been sent and acknowledged */
	say_dropped(s, d->message, "the client does not take packets of this size", now_ms);
	finish(s, d);
	return false;
}

/* The queue's order is that of publication, whatever the topic [MQTT-4.6.0-5], [MQTT-4.6.0-6]. */
void delivery_pump(struct session *s, uint64_t now_ms)
{
	while (room(s) && !list_empty(&s->waiting)) {
		struct delivery *d = list_entry(list_first(&s->waiting), struct delivery, node);
		if (!d->id && message_expired(d->message, now_ms)) {
			say_dropped(s, d->message, "it has expired", now_ms);
			finish(s, d);
		} else if (send(s, d, now_ms)) {
			list_remove(&d->node);
			list_push(&s->inflight, &d->node);
		}
	}
}

/* [MQTT-3.1.2-24]: what is too large for the client is not sent, and nobody is told. */
static void send_at_once(struct session *s, struct message *m, const struct delivery_order *order, uint64_t now_ms)
{
	struct packet pk = publish_packet(m, order, now_ms);
	if (!s->link)
		return;
	if (buf_len(&s->link->out) >= BROKER_OUTPUT_MAX / 2 || !link_send(s->link, &pk))
		say_dropped(s, m, "the client has no room for it", now_ms);
}

void delivery_add(struct session *s, struct message *m, const struct delivery_order *order, uint64_t now_ms)
{
	const struct broker_options *options = &s->broker->options;
	if (order->qos == 0) {
		send_at_once(s, m, order, now_ms);
		return;
	}
	bool full = s->queued >= options->queue_messages || s->queued_bytes + m->payload.n > options->queue_bytes;
	struct delivery *d = full ? NULL : make(m, order);
	if (!d) {
		say_dropped(s, m, "the session's queue is full", now_ms);
		return;
	}
	s->queued++;
	s->queued_bytes += m->payload.n;
	list_push(&s->waiting, &d->node);
	delivery_pump(s, now_ms);
}

static void send_pubrel(struct session *s, uint16_t id)
{
	link_send(s->link, &(struct packet){.type = PACKET_PUBREL, .id = id});
}

void delivery_resume(struct session *s, uint64_t now_ms)
{
	struct list *n = s->inflight.prev;
	while (n != &s->inflight) {
		struct delivery *d = list_entry(n, struct delivery, node);
		n = n->prev;
		if (d->awaits == PACKET_PUBCOMP)
			continue;
		list_remove(&d->node);
		list_push_front(&s->waiting, &d->node);
	}
	for (n = s->inflight.next; n != &s->inflight; n = n->next)
		send_pubrel(s, list_entry(n, struct delivery, node)->id);
	delivery_pump(s, now_ms);
}

static struct delivery *find_inflight(struct session *s, uint16_t id, uint8_t awaits)
{
	for (struct list *n = s->inflight.next; n != &s->inflight; n = n->next) {
		struct delivery *d = list_entry(n, struct delivery, node);
		if (d->id == id)
			return d->awaits == awaits ? d : NULL;
	}
	return NULL;
}

bool delivery_acknowledged(struct session *s, const struct packet *pk, uint64_t now_ms)
{
	struct delivery *d = find_inflight(s, pk->id, pk->type);
	if (!d)
		return false;
	if (pk->type == PACKET_PUBREC && pk->reason < REASON_FAILURE) {
		d->awaits = PACKET_PUBCOMP;
		send_pubrel(s, d->id);
		return true;
	}
	finish(s, d);
	if (s->link->quota < s->link->receive_maximum)
		s->link->quota++; /* [MQTT 5, 4.9] */
	delivery_pump(s, now_ms);
	return true;
}

static void clear_list(struct session *s, struct list *deliveries)
{
	for (struct list *n; (n = list_first(deliveries));)
		finish(s, list_entry(n, struct delivery, node));
}

void delivery_clear(struct session *s)
{
	clear_list(s, &s->inflight);
	clear_list(s, &s->waiting);
}
