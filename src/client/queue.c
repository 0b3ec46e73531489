/* SPDX-License-Identifier: MIT */
/*
 * What waits to be sent, with ceilings that count what is in flight too. A message that can leave at once never enters
 * the queue; at QoS 0 it is not even copied.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "client/internal.h"

/* At QoS 0 without a DONE only this is kept, and only of what the kernel has not taken at once. */
struct unsent {
	int64_t  token;
	uint64_t end; /* in the session's output */
};

enum { UNSENT_MAX = SESSION_OUTPUT_SOFT }; /* no message is shorter than a byte, and above that the next ones wait */

static struct outgoing *outgoing_of(struct list *l)
{
	return list_entry(l, struct outgoing, link);
}

void queue_init(struct client *c)
{
	flight_init(&c->flight);
	list_init(&c->queue);
	list_init(&c->written);
	list_init(&c->subscriptions);
	buf_init(&c->unsent, UNSENT_MAX * sizeof(struct unsent));
}

static void free_list(struct list *list)
{
	for (struct list *l; (l = list_first(list));) {
		list_remove(l);
		free(outgoing_of(l));
	}
}

void queue_fini(struct client *c)
{
	free_list(&c->queue);
	free_list(&c->written);
	flight_fini(&c->flight);
	buf_fini(&c->unsent);
	outcome_fini(c);
	c->held_messages = 0;
	c->held_bytes = 0;
}

static void hold(struct client *c, const struct outgoing *o)
{
	c->held_messages++;
	c->held_bytes += o->size;
}

static void discard(struct client *c, struct outgoing *o)
{
	list_remove(&o->link);
	if (!o->presence) {
		c->held_messages--;
		c->held_bytes -= o->size;
	}
	free(o);
}

static bool has_room(const struct client *c, size_t size)
{
	return c->held_messages < c->config.queue_messages && c->held_bytes + size <= c->config.queue_bytes;
}

/* ---- Outcome ---- */

/* Takes the outgoing off the books, then tells; the callback may do anything. */
static void finish(struct client *c, struct outgoing *o, int error, struct mqttwill_event *ev)
{
	ev->type = MQTTWILL_DONE;
	ev->token = o->token;
	ev->error = error;
	outcome_remember(c, o->token, error);
	discard(c, o);
	if (ev->token || error)
		client_emit(c, ev);
}

/* What CONNACK said against a message: an error of session_takes() as a sentence. */
static int explain_takes(struct client *c, int error, size_t size, uint8_t qos)
{
	const struct session *s = c->session;
	if (error == MQTTWILL_ETOOBIG)
		return client_fail(c, error, "publish: %zu bytes are above the broker's Maximum Packet Size, %u (MQTT-3.2.2-15)", size,
		                   (unsigned)s->maximum_out);
	if (qos > s->maximum_qos)
		return client_fail(c, error, "publish: qos %u is above the broker's Maximum QoS, %u (MQTT-3.2.2-11)", qos, s->maximum_qos);
	return client_fail(c, error, "publish: retain is set, and the broker retains no messages (MQTT-3.2.2-14)");
}

static void fail_outgoing(struct client *c, struct outgoing *o, int error)
{
	struct mqttwill_event ev = {0};
	if (error == MQTTWILL_ECANCELED)
		client_fail(c, error, "%s: the client was closed before it was delivered", packet_name(o->type));
	else
		explain_takes(c, error, o->size, o->qos);
	finish(c, o, error, &ev);
}

static const char *outcome(const struct outgoing *o, const struct session_event *ev)
{
	return reason_name(o->type == PACKET_PUBLISH ? (o->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC) : (enum packet_type)(o->type + 1),
	                   ev->packet.reason);
}

void queue_done(struct client *c, struct outgoing *o, struct session_event *sev)
{
	struct mqttwill_event ev = {.reason_code = sev->packet.reason};
	int                   error = sev->error, learned = subscriptions_learn(c, o, sev);
	if (learned < 0)
		error = client_fail(c, learned, "%s: granted, but without memory to make it again after a loss", packet_name(o->type));
	else if (error)
		client_fail(c, error, "%s: %s (0x%02x)", packet_name(o->type), outcome(o, sev), sev->packet.reason);
	if (o->presence) {
		c->reason_code = sev->packet.reason;
		c->hooks->presence_done(c->owner, o, sev->error);
		c->reason_code = 0;
		free(o);
		return;
	}
	ev.codes = sev->packet.type == PACKET_SUBACK || sev->packet.type == PACKET_UNSUBACK ? sev->packet.list.p : NULL;
	ev.code_count = ev.codes ? sev->packet.count : 0;
	struct props    *p = &sev->packet.props;
	struct user_list users;
	if (users_take(&users, p)) { /* without memory they are left out, the outcome is not */
		ev.user_properties = users.count ? users.p : NULL;
		ev.user_property_count = users.count;
	}
	if (p->has & HAS(REASON_STRING))
		ev.reason_string = span_terminate(&p->reason_string);
	finish(c, o, error, &ev);
	users_free(&users);
}

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

static bool in_list(const struct list *list, int64_t token)
{
	for (struct list *l = list->next; l != list; l = l->next)
		if (outgoing_of(l)->token == token)
			return true;
	return false;
}

static void drop_sent(struct client *c)
{
	while (c->session && buf_len(&c->unsent) > 0) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent), sizeof u);
		if (u.end > c->session->sent)
			break;
		buf_take(&c->unsent, sizeof u);
	}
	buf_relax(&c->unsent);
}

static bool is_unsent(const struct client *c, int64_t token)
{
	for (size_t at = 0; c->session && at < buf_len(&c->unsent); at += sizeof(struct unsent)) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent) + at, sizeof u);
		if (u.token == token)
			return u.end > c->session->sent;
	}
	return false;
}

void queue_unsent(struct client *c)
{
	uint32_t lost = 0;
	for (drop_sent(c); buf_len(&c->unsent) > 0; lost++) {
		struct unsent u;
		memcpy(&u, buf_front(&c->unsent), sizeof u);
		buf_take(&c->unsent, sizeof u);
		outcome_remember(c, u.token, MQTTWILL_ELOST);
	}
	buf_relax(&c->unsent);
	for (struct list *l = c->written.next; c->session && l != &c->written; l = l->next)
		lost += outgoing_of(l)->end > c->session->sent;
	c->undelivered = c->closing ? lost : 0; /* the rest is counted when it is cancelled */
}

bool client_pending(const struct client *c, int64_t token, int *error)
{
	*error = 0;
	if (in_list(&c->queue, token) || in_list(&c->flight.sent, token) || in_list(&c->written, token))
		return true;
	*error = outcome_find(c, token);
	return *error == 0 && is_unsent(c, token);
}

/* ---- Sending ---- */

static bool may_send(const struct client *c, uint8_t qos)
{
	return c->session && c->state == CLIENT_UP && !c->hold && session_has_room(c->session, qos, false);
}

/* Where a sent message goes: in flight it is already; at QoS 0 it is done with, or waits for the kernel. */
static int send_now(struct client *c, struct outgoing *o)
{
	list_remove(&o->link);
	int rc = session_send(c->session, o);
	if (rc < 0)
		return rc;
	c->unconfirmed |= o->id_at == 0;
	if (o->id_at == 0 && o->want_done)
		list_push(&c->written, &o->link);
	else if (o->id_at == 0)
		discard(c, o);
	return 0;
}

bool queue_is_due(const struct client *c)
{
	if (list_empty(&c->queue) || !c->session || buf_len(&c->session->out) > 0)
		return false;
	return may_send(c, outgoing_of(c->queue.next)->qos);
}

bool queue_pump(struct client *c)
{
	bool sent = false;
	for (struct list *l; !c->doomed && (l = list_first(&c->queue));) {
		struct outgoing *o = outgoing_of(l);
		if (!may_send(c, o->qos))
			break;
		int rc = send_now(c, o);
		if (rc == MQTTWILL_ETOOBIG || rc == MQTTWILL_EMESSAGE) {
			fail_outgoing(c, o, rc);
		} else if (rc < 0) {
			list_push_front(&c->queue, &o->link);
			break;
		}
		sent |= rc == 0;
	}
	return sent;
}

void queue_push_front(struct client *c, struct outgoing *o)
{
	hold(c, o);
	list_push_front(&c->queue, &o->link);
}

static int64_t enqueue(struct client *c, const struct packet *pk, size_t size, bool want_done)
{
	struct outgoing *o;
	if (!has_room(c, size)) {
		c->room_wanted = true;
		c->room_size = size;
		return client_fail(c, MQTTWILL_EFULL, "%s: %u messages of %zu bytes wait already", packet_name(pk->type),
		                   (unsigned)c->held_messages, c->held_bytes);
	}
	int rc = outgoing_new(&o, pk, c->level);
	if (rc < 0)
		return client_fail(c, rc, "%s: %s", packet_name(pk->type), error_text(rc));
	o->token = ++c->last_token;
	o->want_done = want_done;
	bool first = list_empty(&c->queue);
	hold(c, o);
	list_push(&c->queue, &o->link);
	if (first && may_send(c, o->qos) && send_now(c, o) < 0)
		list_push(&c->queue, &o->link); /* no memory just now: the next step tries again */
	return c->last_token;
}

/* QoS 0 straight into the output. False: it has to wait, or there is no memory. */
static bool send_direct(struct client *c, const struct packet *pk)
{
	drop_sent(c);
	uint8_t *p = buf_reserve(&c->unsent, sizeof(struct unsent));
	if (!p || session_publish(c->session, pk) < 0)
		return false;
	struct unsent u = {++c->last_token, c->session->committed};
	memcpy(p, &u, sizeof u);
	buf_commit(&c->unsent, sizeof u);
	c->unconfirmed = true;
	return true;
}

int64_t client_send(struct client *c, const struct packet *pk, bool want_done)
{
	bool   publish = pk->type == PACKET_PUBLISH;
	size_t size = packet_size(pk, c->level);
	int    rc = 0;
	if (c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "%s: the client is closing", packet_name(pk->type));
	if (c->session && c->state == CLIENT_UP && publish)
		rc = session_takes(c->session, size, pk->qos, pk->retain);
	if (rc < 0)
		return explain_takes(c, rc, size, pk->qos);
	if (size > c->config.queue_bytes)
		return client_fail(c, MQTTWILL_ETOOBIG, "%s: %zu bytes are above queue_bytes, %u", packet_name(pk->type), size,
		                   (unsigned)c->config.queue_bytes);
	bool    direct = publish && pk->qos == 0 && !want_done && list_empty(&c->queue) && may_send(c, 0);
	int64_t token = direct && send_direct(c, pk) ? c->last_token : enqueue(c, pk, size, want_done);
	if (token > 0)
		driver_kick(c);
	if (!list_empty(&c->written))
		clock_wake(c); /* the kernel may have it already; the step tells */
	return token;
}

int64_t client_send_presence(struct client *c, const struct packet *pk)
{
	struct outgoing *o;
	if (!c->session || !session_is_up(c->session))
		return MQTTWILL_ESTATE;
	int rc = outgoing_new(&o, pk, c->level);
	if (rc < 0)
		return rc;
	o->presence = true;
	int64_t token = o->token = ++c->last_token;
	rc = session_has_room(c->session, pk->qos, true) ? session_send(c->session, o) : MQTTWILL_EFULL;
	if (rc < 0 || o->id_at == 0)
		free(o);
	return rc < 0 ? rc : token;
}

/* ---- Losses ---- */

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
			free(outgoing_of(l)); /* made anew, never sent late */
		else
			list_push_front(&c->queue, l);
	}
}

/* QoS 0 is at most once: whether it arrived is not known, so it is neither sent again nor called delivered. */
static void written_lost(struct client *c)
{
	for (struct list *l; (l = list_first(&c->written));) {
		struct outgoing      *o = outgoing_of(l);
		struct mqttwill_event ev = {0};
		finish(c, o, o->qos == 0 ? MQTTWILL_ELOST : 0, &ev);
	}
}

void queue_connection_lost(struct client *c)
{
	recall(c, true); /* messages stay in flight [MQTT-3.1.2-23] */
	written_lost(c);
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
		list_push(&c->written, l); /* ends at 0: its DONE is due */
	}
}

void queue_session_lost(struct client *c)
{
	settle_released(c);
	recall(c, false);
	idtable_fini(&c->flight.in);
}

void queue_drop_renewals(struct client *c)
{
	for (struct list *l = c->queue.next, *next; l != &c->queue; l = next) {
		next = l->next;
		if (outgoing_of(l)->token == 0)
			discard(c, outgoing_of(l));
	}
}

void queue_cancel(struct client *c)
{
	settle_released(c);
	recall(c, false);
	queue_drop_renewals(c);
	for (struct list *l = c->queue.next; l != &c->queue; l = l->next)
		c->undelivered += outgoing_of(l)->type == PACKET_PUBLISH;
	for (struct list *l; (l = list_first(&c->queue)) && !c->doomed;)
		fail_outgoing(c, outgoing_of(l), MQTTWILL_ECANCELED);
	written_lost(c);
	flight_fini(&c->flight);
}
