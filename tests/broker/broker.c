/* SPDX-License-Identifier: MIT */
/*
 * Making and freeing, the clock, and the operator's hand.
 */
#include "broker/broker.h"

#include <stdlib.h>

#include "broker/bugs.h"
#include "broker/link.h"
#include "broker/retain.h"
#include "broker/session.h"
#include "broker/will.h"

enum { CONNECT_TIMEOUT_MS = 10000, LINGER_MS = 5000, QUEUE_MESSAGES = 1000, QUEUE_BYTES = 16 << 20 };

uint8_t broker_maximum_qos(const struct broker *b)
{
	return b->options.announce.has & HAS(MAXIMUM_QOS) ? b->options.announce.maximum_qos : 2;
}

bool broker_retains(const struct broker *b)
{
	return !(b->options.announce.has & HAS(RETAIN_AVAILABLE)) || b->options.announce.retain_available;
}

uint16_t broker_receive_maximum(const struct broker *b)
{
	return b->options.announce.has & HAS(RECEIVE_MAXIMUM) ? b->options.announce.receive_maximum : 65535;
}

uint32_t broker_packet_max(const struct broker *b)
{
	bool announced = b->options.announce.has & HAS(MAXIMUM_PACKET_SIZE);
	return announced ? b->options.announce.maximum_packet_size : BROKER_PACKET_MAX;
}

uint16_t broker_alias_maximum(const struct broker *b)
{
	return b->options.announce.has & HAS(TOPIC_ALIAS_MAXIMUM) ? b->options.announce.topic_alias_maximum : 0;
}

bool broker_shares(const struct broker *b)
{
	return !broker_lacks(b, HAS(SHARED_AVAILABLE), b->options.announce.shared_available);
}

bool broker_lacks(const struct broker *b, uint32_t has, uint8_t value)
{
	return b->options.announce.has & has && value == 0;
}

void broker_explain(const struct broker *b, struct packet *pk, const char *text)
{
	bool moved = pk->reason == REASON_USE_ANOTHER_SERVER || pk->reason == REASON_SERVER_MOVED;
	pk->props.has = moved ? b->options.announce.has & HAS(SERVER_REFERENCE) : 0;
	pk->props.server_reference = b->options.announce.server_reference;
	if (text)
		pk->props.has |= HAS(REASON_STRING);
	pk->props.reason_string = span_text(text, 0);
}

void broker_say(struct broker *b, struct broker_event event, uint64_t now_ms)
{
	event.at_ms = now_ms;
	if (b->options.observe)
		b->options.observe(b->options.user, &event);
}

/* The members of struct props that are text, in what a broker may announce. */
static void copy_announcement(struct arena *a, struct props *props)
{
	struct span *texts[] = {&props->response_information, &props->server_reference, &props->reason_string};
	const uint32_t bits[] = {HAS(RESPONSE_INFORMATION), HAS(SERVER_REFERENCE), HAS(REASON_STRING)};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (props->has & bits[i])
			texts[i]->p = arena_copy(a, texts[i]->p, texts[i]->n);
	props->user = NULL;
	props->subscription_ids = NULL;
}

static void settle_misbehaviour(struct broker *b, const struct misbehaviour *given)
{
	struct misbehaviour *m = &b->options.misbehaviour;
	*m = *given;
	m->only = m->only ? arena_text(&b->strings, m->only, 0) : NULL;
	m->send.p = arena_copy(&b->strings, m->send.p, m->send.n);
}

static void settle_options(struct broker *b, const struct broker_options *given)
{
	struct broker_options *o = &b->options;
	*o = *given;
	copy_announcement(&b->strings, &o->announce);
	settle_misbehaviour(b, &given->misbehaviour);
	o->acl = NULL;
	o->user_name = arena_text(&b->strings, o->user_name, 0);
	o->password = arena_text(&b->strings, o->password, 0);
	o->auth_method = arena_text(&b->strings, o->auth_method, 0);
	o->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	o->linger_ms = o->linger_ms ? o->linger_ms : LINGER_MS;
	o->queue_messages = o->queue_messages ? o->queue_messages : QUEUE_MESSAGES;
	o->queue_bytes = o->queue_bytes ? o->queue_bytes : QUEUE_BYTES;
}

struct broker *broker_new(const struct broker_options *options, const char **error)
{
	static const struct broker_options defaults;
	struct broker                     *b = calloc(1, sizeof *b);
	const char                        *problem = "no memory";
	if (b) {
		list_init(&b->links);
		list_init(&b->sessions);
		list_init(&b->retained);
		acl_init(&b->acl);
		problem = acl_read(&b->acl, options ? options->acl : NULL);
		settle_options(b, options ? options : &defaults);
		b->late_due.fire = will_late_fire;
		if (b->strings.failed || !timers_join(&b->timers, 1))
			problem = "no memory";
	}
	if (problem) {
		broker_free(b);
		b = NULL;
	}
	if (error)
		*error = problem;
	return b;
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	for (struct list *n; (n = list_first(&b->links));)
		link_free(list_entry(n, struct broker_link, node));
	for (struct list *n; (n = list_first(&b->sessions));)
		session_free(list_entry(n, struct session, node));
	retain_clear(b);
	message_release(b->late);
	acl_fini(&b->acl);
	timers_fini(&b->timers);
	arena_fini(&b->strings);
	free(b);
}

void broker_tick(struct broker *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	for (struct timer *t; (t = timers_take(&b->timers, now_ms));)
		t->fire(t, now_ms);
}

uint64_t broker_deadline(const struct broker *b)
{
	return timers_next(&b->timers);
}

bool broker_announce(struct broker *b, const struct props *announce)
{
	struct props copy = *announce;
	copy_announcement(&b->strings, &copy);
	if (b->strings.failed)
		return false;
	b->options.announce = copy;
	return true;
}

bool broker_misbehave(struct broker *b, const struct misbehaviour *m)
{
	static const struct misbehaviour none;
	settle_misbehaviour(b, m ? m : &none);
	return !b->strings.failed;
}

const char *broker_set_acl(struct broker *b, const char *text)
{
	struct acl acl;
	acl_init(&acl);
	const char *problem = acl_read(&acl, text);
	if (!problem) {
		acl_fini(&b->acl);
		for (struct list *n; (n = list_first(&acl.rules));) {
			list_remove(n);
			list_push(&b->acl.rules, n);
		}
	}
	acl_fini(&acl);
	return problem;
}

void broker_refuse_next(struct broker *b, uint8_t reason)
{
	b->refuse_next = reason;
}

bool broker_kick(struct broker *b, const char *client_id, uint8_t reason, uint64_t now_ms)
{
	broker_tick(b, now_ms);
	struct session *s = session_find(b, span_text(client_id, 0));
	if (!s || !s->link)
		return false;
	link_end(s->link, reason, "by the operator", now_ms);
	return true;
}

/* A connected client is told 0x98; its session ends with the connection, whatever interval it had. */
static void remove_session(struct session *s, uint8_t reason, uint64_t now_ms)
{
	if (s->link) {
		s->expiry_s = 0;
		link_end(s->link, reason, "the session is removed", now_ms);
	} else {
		session_end(s, now_ms);
	}
}

bool broker_remove(struct broker *b, const char *client_id, uint64_t now_ms)
{
	broker_tick(b, now_ms);
	struct session *s = session_find(b, span_text(client_id, 0));
	if (s)
		remove_session(s, REASON_ADMINISTRATIVE, now_ms);
	return s != NULL;
}

void broker_restart(struct broker *b, uint64_t now_ms)
{
	broker_tick(b, now_ms);
	for (struct list *n = b->sessions.next; n != &b->sessions; n = n->next)
		bugs_at_restart(list_entry(n, struct session, node), now_ms);
	for (struct list *n = b->links.next; n != &b->links; n = n->next)
		link_close(list_entry(n, struct broker_link, node), 0, "the broker has restarted", now_ms);
}

void broker_shutdown(struct broker *b, uint64_t now_ms)
{
	broker_tick(b, now_ms);
	for (struct list *n = b->sessions.next; n != &b->sessions; n = n->next)
		will_session_ended(list_entry(n, struct session, node), now_ms); /* while all can still hear it */
	for (struct list *n; (n = list_first(&b->sessions));)
		remove_session(list_entry(n, struct session, node), REASON_SHUTTING_DOWN, now_ms);
	for (struct list *n = b->links.next; n != &b->links; n = n->next)
		link_close(list_entry(n, struct broker_link, node), REASON_SHUTTING_DOWN, "shut down", now_ms);
}
