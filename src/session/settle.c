/* SPDX-License-Identifier: MIT */
/*
 * Acknowledging what came: at once, or when the application says so and all that came before is answered.
 */
#include "session/internal.h"

static int accept_qos2(struct session *s, uint16_t id)
{
	if (!idtable_get(&s->flight->in, id)) {
		if (!idtable_put(&s->flight->in, id, session_here(s)))
			return MQTTWILL_ENOMEM;
		store_received(s->flight->store, id, true);
	}
	return session_ack(s, PACKET_PUBREC, id, 0); /* [MQTT-4.3.3-8] */
}

/* The last acknowledgement of a message. */
static int settle(struct session *s, uint8_t type, uint16_t id, uint8_t reason)
{
	int rc = session_ack(s, type, id, reason);
	if (rc == 0)
		session_settled(s);
	return rc;
}

/* [MQTT311-4.3.2-2] */
int session_accept(struct session *s, const struct session_event *ev)
{
	/* [MQTT-3.3.4-1]; in the order of the calls [MQTT-4.6.0-2], [MQTT-4.6.0-3] */
	if (s->state == SESSION_OVER || ev->packet.qos == 0)
		return 0;
	if (s->config.manual_ack) { /* it has its place behind those that wait */
		int64_t handle = session_hold(s, ev);
		return handle < 0 ? (int)handle : session_settle(s, handle, REASON_SUCCESS);
	}
	if (ev->packet.qos == 2)
		return accept_qos2(s, ev->packet.id);
	return settle(s, PACKET_PUBACK, ev->packet.id, 0); /* [MQTT-4.3.2-4] */
}

/* ---- With manual acknowledgement ---- */

int64_t session_hold(struct session *s, const struct session_event *ev)
{
	uint8_t  qos = ev->packet.qos;
	uint64_t serial;
	if (qos == 0)
		return 0;
	if (!inbound_push(&s->inbound, qos, ev->packet.id, &serial))
		return MQTTWILL_ENOMEM;
	s->flight->held[qos - 1] = serial;
	return (int64_t)(serial << 1 | (qos == 2));
}

static int answer(struct session *s, uint8_t qos, const struct held *h)
{
	if (qos == 1)
		return settle(s, PACKET_PUBACK, h->id, h->reason);
	if (h->reason >= REASON_FAILURE) /* it is not ours, and the identifier is free [MQTT-4.3.3-9] */
		return settle(s, PACKET_PUBREC, h->id, h->reason);
	return accept_qos2(s, h->id);
}

/* Answers the oldest ones as far as the application has [MQTT-4.6.0-2], [MQTT-4.6.0-3]. */
static int release(struct session *s, uint8_t qos)
{
	struct held_ring *r = &s->inbound.ring[qos - 1];
	for (struct held *h; (h = inbound_ready(r)); inbound_pop(&s->inbound, r)) {
		int rc = answer(s, qos, h);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int session_settle(struct session *s, int64_t handle, uint8_t reason)
{
	uint8_t           qos = handle & 1 ? 2 : 1;
	struct held_ring *r = &s->inbound.ring[qos - 1];
	uint64_t          serial = (uint64_t)handle >> 1;
	struct held      *h = handle > 0 ? inbound_find(r, serial) : NULL;
	if (s->state != SESSION_UP || (handle > 0 && serial < r->begin))
		return MQTTWILL_ESTATE;
	if (!h || h->answered)
		return MQTTWILL_EINVAL;
	h->answered = true;
	h->reason = reason;
	int rc = release(s, qos);
	if (rc == 0 || r->first != serial)
		return 0; /* others that it has let go follow when bytes have left */
	h->answered = false;
	return rc;
}

void session_release(struct session *s)
{
	if (s->state != SESSION_UP)
		return;
	release(s, 1); /* without memory the next call tries again */
	release(s, 2);
}
