/* SPDX-License-Identifier: MIT */
/*
 * How what was accepted ends. Whatever ends is taken off the books first and told then, so that the callback may do anything;
 * what ends outside a step, or among others, waits in `ends` to be told by the step.
 */
#include <stdlib.h>

#include "base/error.h"
#include "client/internal.h"
#include "client/request.h"
#include "client/subscriptions.h"

enum { FEWEST_ENDS = 64 }; /* that may wait to be told, however small the queue is */

static struct outgoing *outgoing_of(struct list *l)
{
	return list_entry(l, struct outgoing, link);
}

/* ---- Why ---- */

/* What CONNACK said against a packet: an error of session_takes() as a sentence. */
int ending_explain_takes(struct client *c, int error, uint8_t type, size_t size, uint8_t qos)
{
	const struct session *s = c->session;
	if (!s) /* the connection that it was for has gone before this could be told */
		return client_fail(c, error, "%s: the broker takes no such packet any more (MQTT-3.2.2-11, -14, -15)",
		                   packet_name(type));
	if (error == MQTTWILL_ETOOBIG)
		return client_fail(c, error, "%s: %zu bytes are above the broker's Maximum Packet Size, %u (MQTT-3.2.2-15)",
		                   packet_name(type), size, (unsigned)s->maximum_out);
	if (qos > s->maximum_qos)
		return client_fail(c, error, "%s: qos %u is above the broker's Maximum QoS, %u (MQTT-3.2.2-11)", packet_name(type), qos,
		                   s->maximum_qos);
	return client_fail(c, error, "%s: retain is set, and the broker retains no messages (MQTT-3.2.2-14)", packet_name(type));
}

static int explain_dropped(struct client *c, const struct outgoing *o)
{
	static const char *const why[] = {
		[MQTTWILL_QUEUE_DROP_OLDEST] = "the queue was full, and it had waited longest",
		[MQTTWILL_QUEUE_DROP_NEWEST] = "the queue was full when it came",
		[MQTTWILL_QUEUE_KEEP_LAST] = "a newer message to its topic took its place",
	};
	return client_fail(c, MQTTWILL_EDROPPED, "%s: %s (queue_policy)", packet_name(o->type), why[c->config.queue_policy]);
}

static void explain(struct client *c, const struct outgoing *o)
{
	if (o->error == MQTTWILL_ECANCELED)
		client_fail(c, o->error, "%s: the client was closed before it was delivered", packet_name(o->type));
	else if (o->error == MQTTWILL_ELOST)
		client_fail(c, o->error, "%s: the connection was lost before the kernel had all of it", packet_name(o->type));
	else if (o->error == MQTTWILL_EDROPPED)
		explain_dropped(c, o);
	else if (o->error == MQTTWILL_EEXPIRED)
		expiry_explain(c, o);
	else if (o->error == MQTTWILL_ETOOBIG || o->error == MQTTWILL_EMESSAGE)
		ending_explain_takes(c, o->error, o->type, o->size, o->qos);
}

/* ---- Telling ---- */

static void tell(struct client *c, int64_t token, int error, struct mqttwill_event *ev)
{
	if (token < 0) {
		requests_outcome(c, -token, error, ev);
		return;
	}
	ev->type = MQTTWILL_DONE;
	ev->token = token;
	ev->error = error;
	outcome_remember(c, token, error);
	if (ev->token || error)
		client_emit(c, ev);
}

static void close_books(struct client *c, const struct outgoing *o, int error)
{
	if (error)
		subscriptions_abandon(c, o);
	store_gone(c->flight.store, o);
	queue_release(c, o);
}

void end_presence(struct client *c, struct outgoing *o)
{
	store_gone(c->flight.store, o);
	flight_free(&c->flight, o);
}

static void finish(struct client *c, struct outgoing *o, int error, struct mqttwill_event *ev)
{
	int64_t token = o->token;
	list_remove(&o->link);
	close_books(c, o, error);
	flight_free(&c->flight, o);
	tell(c, token, error, ev);
}

void end_later(struct client *c, struct outgoing *o, int error)
{
	bool silent = error == 0 && o->qos == 0 && !o->want_done;
	o->error = (int8_t)error;
	close_books(c, o, error);
	if (silent || o->token == 0) {
		flight_free(&c->flight, o);
		return;
	}
	list_push(&c->ends, &o->link);
	c->ended_count++;
	c->ended_bytes += o->size;
}

uint32_t ends_most(const struct client *c)
{
	uint32_t most = c->config.queue_messages;
	return c->config.queue_policy == MQTTWILL_QUEUE_REFUSE || most > FEWEST_ENDS ? most : FEWEST_ENDS;
}

bool ends_full(const struct client *c)
{
	return c->ended_count >= ends_most(c) || c->ended_bytes >= c->config.queue_bytes;
}

static void tell_first(struct client *c)
{
	struct outgoing      *o = outgoing_of(c->ends.next);
	struct mqttwill_event ev = {0};
	int64_t               token = o->token;
	int                   error = o->error;
	list_remove(&o->link);
	c->ended_count--;
	c->ended_bytes -= o->size;
	explain(c, o);
	flight_free(&c->flight, o);
	tell(c, token, error, &ev);
}

void ends_tell(struct client *c)
{
	for (uint32_t n = c->ended_count; n > 0 && !c->doomed; n--)
		tell_first(c);
}

void end_refused(struct client *c, struct outgoing *o, int error)
{
	struct mqttwill_event ev = {0};
	if (error != MQTTWILL_EUNSUPPORTED) /* which has its sentence */
		ending_explain_takes(c, error, o->type, o->size, o->qos);
	finish(c, o, error, &ev);
}

/* ---- Acknowledged ---- */

static const char *outcome(const struct outgoing *o, const struct session_event *ev)
{
	return reason_name(o->type == PACKET_PUBLISH ? (o->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC) : (enum packet_type)(o->type + 1),
	                   ev->packet.reason);
}

void queue_done(struct client *c, struct outgoing *o, struct session_event *sev)
{
	/* a message at QoS 2 has its outcome from PUBREC */
	struct mqttwill_event ev = {.reason_code = sev->packet.type == PACKET_PUBCOMP ? o->reason : sev->packet.reason};
	int                   error = sev->error;
	subscriptions_learn(c, o, sev);
	if (error)
		client_fail(c, error, "%s: %s (0x%02x)", packet_name(o->type), outcome(o, sev), sev->packet.reason);
	if (o->presence) {
		c->reason_code = sev->packet.reason;
		c->hooks->presence_done(c->owner, o, sev->error);
		c->reason_code = 0;
		end_presence(c, o);
		return;
	}
	ev.codes = sev->packet.type == PACKET_SUBACK || sev->packet.type == PACKET_UNSUBACK ? sev->packet.list.p : NULL;
	ev.code_count = ev.codes ? sev->packet.count : 0;
	struct user_list users;
	words_take(&users, &sev->packet.props, &ev);
	finish(c, o, error, &ev);
	users_free(&users);
}

/* ---- At QoS 0 ---- */

void queue_written(struct client *c)
{
	for (struct list *l; c->session && (l = list_first(&c->written));) {
		struct outgoing *o = outgoing_of(l);
		if (o->end > c->session->sent)
			break;
		struct mqttwill_event ev = {0};
		finish(c, o, 0, &ev);
	}
}
