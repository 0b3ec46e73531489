/* SPDX-License-Identifier: MIT */
/*
 * What waits to be sent, with ceilings that count what is in flight too, and what happens where they are reached. A message
 * that can leave at once never enters the queue; at QoS 0 it is not even copied.
 */
#include <stdlib.h>

#include "base/error.h"
#include "client/internal.h"
#include "client/request.h"
#include "client/subscriptions.h"

static struct outgoing *outgoing_of(struct list *l)
{
	return list_entry(l, struct outgoing, link);
}

void queue_init(struct client *c)
{
	flight_init(&c->flight);
	list_init(&c->queue);
	list_init(&c->written);
	list_init(&c->ends);
	list_init(&c->subscriptions);
	requests_init(c);
	unsent_init(c);
	c->expire_at = UINT64_MAX;
}

static void free_list(struct client *c, struct list *list)
{
	for (struct list *l; (l = list_first(list));) {
		list_remove(l);
		flight_free(&c->flight, outgoing_of(l));
	}
}

void queue_fini(struct client *c)
{
	c->flight.store = NULL; /* what is freed without a close stays there */
	free_list(c, &c->queue);
	free_list(c, &c->written);
	free_list(c, &c->ends);
	flight_fini(&c->flight);
	latest_fini(&c->latest);
	buf_fini(&c->unsent);
	outcome_fini(c);
	c->oldest = NULL;
	c->held_messages = c->waiting_messages = c->ended_count = 0;
	c->held_bytes = c->waiting_bytes = c->ended_bytes = 0;
}

/* ---- The books ---- */

static void hold(struct client *c, const struct outgoing *o)
{
	c->held_messages++;
	c->held_bytes += o->size;
}

void queue_release(struct client *c, const struct outgoing *o)
{
	if (o->presence)
		return;
	c->held_messages--;
	c->held_bytes -= o->size;
}

static bool keeps_last(const struct client *c, uint8_t type)
{
	return c->config.queue_policy == MQTTWILL_QUEUE_KEEP_LAST && type == PACKET_PUBLISH;
}

/* Requests are passed over, each once: none comes to stand behind the oldest message and before it again. */
static struct outgoing *next_message(const struct client *c, const struct outgoing *o)
{
	const struct list *l = o->link.next;
	while (l != &c->queue && list_entry(l, struct outgoing, link)->type != PACKET_PUBLISH)
		l = l->next;
	return l == &c->queue ? NULL : list_entry(l, struct outgoing, link);
}

static void wait_here(struct client *c, struct outgoing *o, bool first)
{
	if (first)
		list_push_front(&c->queue, &o->link);
	else
		list_push(&c->queue, &o->link);
	if (o->type != PACKET_PUBLISH)
		return;
	c->waiting_messages++;
	c->waiting_bytes += o->size;
	if (first || !c->oldest)
		c->oldest = o;
	if (keeps_last(c, o->type))
		latest_put(&c->latest, o);
	expiry_note(c, o);
}

void queue_take(struct client *c, struct outgoing *o)
{
	if (o->type == PACKET_PUBLISH) {
		c->waiting_messages--;
		c->waiting_bytes -= o->size;
		if (c->oldest == o)
			c->oldest = c->waiting_messages ? next_message(c, o) : NULL;
		latest_take(&c->latest, o);
	}
	list_remove(&o->link);
	if (list_empty(&c->queue))
		c->expire_at = UINT64_MAX;
}

void queue_return(struct client *c, struct outgoing *o)
{
	if (keeps_last(c, o->type) && latest_find(&c->latest, outgoing_topic(o))) {
		end_later(c, o, MQTTWILL_EDROPPED); /* there is a newer one by now */
		return;
	}
	store_returned(c->flight.store, o);
	wait_here(c, o, true);
}

int queue_restore(struct client *c, struct outgoing *o)
{
	if (o->presence)
		return 0; /* in flight; it does not count */
	hold(c, o);
	if (keeps_last(c, o->type) && !latest_reserve(&c->latest, c->held_messages))
		return MQTTWILL_ENOMEM;
	if (o->state == OUTGOING_QUEUED)
		wait_here(c, o, false);
	return 0;
}

void queue_push_front(struct client *c, struct outgoing *o)
{
	hold(c, o);
	wait_here(c, o, true);
}

/* ---- Sending ---- */

static bool may_send(const struct client *c, uint8_t qos)
{
	return c->session && c->state == CLIENT_UP && !c->hold && !switch_holds(c) && session_has_room(c->session, qos, false);
}

/* Where a sent message goes: in flight it is already; at QoS 0 it is done with, or waits for the kernel. */
static int send_now(struct client *c, struct outgoing *o)
{
	int rc = o->type == PACKET_SUBSCRIBE ? subscriptions_admit(c, o) : 0;
	if (rc == 0)
		rc = session_send(c->session, o);
	if (rc < 0)
		return rc;
	c->unconfirmed |= o->id_at == 0;
	if (o->id_at == 0)
		store_gone(c->flight.store, o); /* at most once: it is not sent again, whatever becomes of the process */
	if (o->id_at == 0 && o->want_done)
		list_push(&c->written, &o->link);
	else if (o->id_at == 0)
		end_later(c, o, 0);
	return 0;
}

bool queue_is_due(const struct client *c)
{
	if (list_empty(&c->queue) || !c->session || buf_len(&c->session->out) > 0)
		return false;
	return may_send(c, outgoing_of(c->queue.next)->qos);
}

/* Sends the first that waits; 0 where it is sent, 1 where it has ended instead. */
static int send_first(struct client *c, struct outgoing *o)
{
	queue_take(c, o);
	if (expiry_passed(c, o)) {
		end_later(c, o, MQTTWILL_EEXPIRED);
		return 1;
	}
	char told[FIT_TEXT];
	int  rc = fit_outgoing(c, o, told);
	if (rc > 0) {
		wait_here(c, o, true); /* as another one, which goes next */
		fit_tell(c, o, told);
		return 1;
	}
	outgoing_spend(o, c->now_ms, 0); /* [MQTT-3.3.2-6] */
	rc = rc < 0 ? rc : send_now(c, o);
	if (rc == MQTTWILL_ETOOBIG || rc == MQTTWILL_EMESSAGE || rc == MQTTWILL_EUNSUPPORTED) {
		end_refused(c, o, rc);
		return 1;
	}
	if (rc < 0)
		wait_here(c, o, true);
	return rc;
}

bool queue_pump(struct client *c)
{
	bool sent = false;
	int  rc = 0;
	for (struct list *l; rc >= 0 && !c->doomed && (l = list_first(&c->queue));) {
		if (!may_send(c, outgoing_of(l)->qos))
			break;
		rc = send_first(c, outgoing_of(l));
		sent |= rc == 0;
	}
	return sent;
}

/* ---- Taking ---- */

/* What is to be taken, and what must go for it. */
struct taking {
	const struct packet *pk;
	size_t               size;
	struct outgoing     *older; /* waits for the same topic, and has been overtaken */
	bool itself;  /* it goes itself */
	bool crowded; /* it does not fit, and older ones go */
};

static bool fits(const struct client *c, size_t size, uint32_t less_messages, size_t less_bytes)
{
	return c->held_messages - less_messages < c->config.queue_messages &&
	       c->held_bytes - less_bytes + size <= c->config.queue_bytes;
}

static int refuse(struct client *c, const struct taking *t)
{
	c->room_wanted = true;
	c->room_size = t->size;
	return client_fail(c, MQTTWILL_EFULL, "%s: %u messages of %zu bytes wait already", packet_name(t->pk->type),
	                   (unsigned)c->held_messages, c->held_bytes);
}

/* Looks for room as the policy says, and changes nothing yet. 0, MQTTWILL_EFULL or _ENOMEM. */
static int find_room(struct client *c, struct taking *t)
{
	uint8_t policy = c->config.queue_policy;
	bool    publish = t->pk->type == PACKET_PUBLISH;
	if (keeps_last(c, t->pk->type)) {
		if (!latest_reserve(&c->latest, c->held_messages + 1)) /* for what is in flight, too: it may come back */
			return client_fail(c, MQTTWILL_ENOMEM, "publish: %s", error_text(MQTTWILL_ENOMEM));
		t->older = latest_find(&c->latest, t->pk->topic);
	}
	bool room = fits(c, t->size, t->older ? 1 : 0, t->older ? t->older->size : 0);
	t->itself = !room && policy == MQTTWILL_QUEUE_DROP_NEWEST && publish;
	t->crowded = !room && policy == MQTTWILL_QUEUE_DROP_OLDEST && fits(c, t->size, c->waiting_messages, c->waiting_bytes) &&
	             c->waiting_messages > 0;
	if (!room && !t->itself && !t->crowded)
		return refuse(c, t);
	bool ends = t->itself || t->crowded || t->older;
	c->room_of_ends |= ends && ends_full(c);
	return ends && ends_full(c) ? refuse(c, t) : 0;
}

static void drop(struct client *c, struct outgoing *o)
{
	queue_take(c, o);
	end_later(c, o, MQTTWILL_EDROPPED);
}

static void make_room(struct client *c, const struct taking *t)
{
	if (t->older)
		drop(c, t->older);
	while (t->crowded && !fits(c, t->size, 0, 0))
		drop(c, c->oldest);
}

static void take(struct client *c, const struct taking *t, struct outgoing *o)
{
	c->last_token = o->token > 0 ? o->token : -o->token;
	hold(c, o);
	if (t->itself) {
		end_later(c, o, MQTTWILL_EDROPPED);
		return;
	}
	bool first = list_empty(&c->queue);
	if (!first || !may_send(c, o->qos) || fit_is_due(c, o) || send_now(c, o) < 0)
		wait_here(c, o, false); /* without memory just now, the next step tries again */
}

static int64_t enqueue(struct client *c, const struct packet *pk, size_t size, bool want_done)
{
	struct taking    t = {.pk = pk, .size = size};
	struct outgoing *o;
	int              rc = find_room(c, &t);
	if (rc < 0)
		return rc;
	rc = flight_new(&c->flight, &o, pk, fit_level(c, pk));
	if (rc < 0)
		return client_fail(c, rc, "%s: %s", packet_name(pk->type), error_text(rc));
	o->token = c->last_token + 1;
	o->want_done = want_done;
	expiry_begin(c, o);
	rc = t.itself ? 0 : store_waits(c->flight.store, o);
	if (rc < 0) {
		flight_free(&c->flight, o);
		return client_fail(c, rc, "%s: the store does not take it: %s", packet_name(pk->type), error_text(rc));
	}
	make_room(c, &t);
	take(c, &t, o);
	return c->last_token;
}

int64_t queue_add(struct client *c, const struct packet *pk)
{
	struct taking    t = {.pk = pk};
	struct outgoing *o;
	bool             last = keeps_last(c, pk->type);
	if (last && !latest_reserve(&c->latest, c->held_messages + 1))
		return MQTTWILL_ENOMEM;
	int rc = flight_new(&c->flight, &o, pk, c->level); /* no store: nobody would wait for it in another process */
	if (rc < 0)
		return rc;
	o->token = -(c->last_token + 1);
	o->want_done = true;
	t.older = last ? latest_find(&c->latest, pk->topic) : NULL;
	make_room(c, &t);
	take(c, &t, o);
	return c->last_token;
}

bool queue_withdraw(struct client *c, int64_t token)
{
	struct list *l = c->queue.next;
	while (l != &c->queue && outgoing_of(l)->token != -token)
		l = l->next;
	if (l == &c->queue)
		return false;
	struct outgoing *o = outgoing_of(l);
	queue_take(c, o);
	queue_release(c, o);
	store_gone(c->flight.store, o);
	flight_free(&c->flight, o);
	return true;
}

int64_t client_send(struct client *c, const struct packet *pk, bool want_done)
{
	bool   publish = pk->type == PACKET_PUBLISH;
	size_t size = packet_size(pk, fit_level(c, pk));
	int    rc = 0;
	if (c->closing)
		return client_fail(c, MQTTWILL_ESTATE, "%s: the client is closing", packet_name(pk->type));
	if (c->session && c->state == CLIENT_UP && publish)
		rc = session_takes(c->session, size, pk->qos, pk->retain);
	if (rc < 0 && !(rc == MQTTWILL_EMESSAGE && c->config.flags & MQTTWILL_ADAPT))
		return ending_explain_takes(c, rc, pk->type, size, pk->qos);
	if (size > c->config.queue_bytes)
		return client_fail(c, MQTTWILL_ETOOBIG, "%s: %zu bytes are above queue_bytes, %u", packet_name(pk->type), size,
		                   (unsigned)c->config.queue_bytes);
	bool    direct = publish && pk->qos == 0 && !want_done && list_empty(&c->queue) && may_send(c, 0) &&
	              fit_level(c, pk) == c->level;
	int64_t token = direct && unsent_send(c, pk) ? c->last_token : enqueue(c, pk, size, want_done);
	if (token > 0)
		driver_kick(c);
	if (!list_empty(&c->written) || !list_empty(&c->ends) || c->expire_at < c->armed || durable_is_due(c))
		clock_wake(c); /* the kernel may have it already, or it has ended, or will: the step tells, and keeps */
	return token;
}

int64_t client_send_presence(struct client *c, const struct packet *pk)
{
	struct outgoing *o;
	if (!c->session || !session_is_up(c->session))
		return MQTTWILL_ESTATE;
	int rc = flight_new(&c->flight, &o, pk, c->level);
	if (rc < 0)
		return rc;
	o->presence = true;
	int64_t token = o->token = ++c->last_token;
	rc = session_has_room(c->session, pk->qos, true) ? session_send(c->session, o) : MQTTWILL_EFULL;
	if (rc < 0 || o->id_at == 0)
		flight_free(&c->flight, o);
	return rc < 0 ? rc : token;
}

/* ---- Waiting for a token ---- */

static bool in_list(const struct list *list, int64_t token)
{
	for (struct list *l = list->next; l != list; l = l->next)
		if (outgoing_of(l)->token == token)
			return true;
	return false;
}

bool client_pending(const struct client *c, int64_t token, int *error)
{
	*error = 0;
	if ((token && token == c->auth_token) || requests_pending(c, token))
		return true;
	if (in_list(&c->queue, token) || in_list(&c->flight.sent, token) || in_list(&c->written, token) ||
	    in_list(&c->ends, token))
		return true;
	*error = outcome_find(c, token);
	return *error == 0 && unsent_has(c, token);
}
