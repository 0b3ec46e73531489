/* SPDX-License-Identifier: MIT */
/*
 * A session that ends leaves the broker's list before its will is published, so that the will is not queued for it.
 */
#include "broker/session.h"

#include <stdlib.h>

#include "broker/bugs.h"
#include "broker/delivery.h"
#include "broker/subscription.h"
#include "broker/will.h"

enum { TIMERS = 2 };

struct session *session_find(const struct broker *b, struct span client_id)
{
	for (const struct list *n = b->sessions.next; n != &b->sessions; n = n->next) {
		struct session *s = list_entry(n, struct session, node);
		if (span_equal(s->client_id, client_id)) /* [MQTT-3.1.3-2] */
			return s;
	}
	return NULL;
}

static void expire(struct timer *t, uint64_t now_ms)
{
	session_end(list_entry(t, struct session, end), now_ms);
}

struct session *session_new(struct broker *b, struct span client_id)
{
	struct session *s = b->session_count < BROKER_SESSIONS_MAX ? calloc(1, sizeof *s + client_id.n) : NULL;
	if (!s)
		return NULL;
	if (!timers_join(&b->timers, TIMERS)) {
		free(s);
		return NULL;
	}
	s->broker = b;
	put_bytes((uint8_t *)(s + 1), client_id.p, client_id.n);
	s->client_id = span_of(s + 1, client_id.n);
	s->end.fire = expire;
	s->will.due.fire = will_fire;
	list_init(&s->subscriptions);
	list_init(&s->inflight);
	list_init(&s->waiting);
	list_push(&b->sessions, &s->node);
	b->session_count++;
	return s;
}

void session_free(struct session *s)
{
	struct broker *b = s->broker;
	timer_stop(&b->timers, &s->end);
	timer_stop(&b->timers, &s->will.due);
	timers_leave(&b->timers, TIMERS);
	message_release(s->will.message);
	subscription_clear(s);
	delivery_clear(s);
	ids_fini(&s->sent);
	ids_fini(&s->received);
	list_remove(&s->node);
	b->session_count--;
	free(s);
}

void session_attach(struct session *s, struct broker_link *l)
{
	timer_stop(&s->broker->timers, &s->end); /* [MQTT-4.1.0-1] */
	s->link = l;
	l->session = s;
}

/* U-3.1.2.11.2-a, U-4.1-b */
uint64_t session_end_ms(const struct session *s, uint64_t t0_ms)
{
	return s->expiry_s == EXPIRY_NEVER ? UINT64_MAX : t0_ms + (uint64_t)s->expiry_s * 1000;
}

void session_detach(struct session *s, uint64_t t0_ms)
{
	s->link->session = NULL;
	s->link = NULL;
	will_connection_ended(s, t0_ms);
	uint64_t end_ms = session_end_ms(s, t0_ms);
	if (end_ms <= t0_ms)
		session_end(s, t0_ms); /* [MQTT-3.1.2-23] has nothing to keep; [MQTT-4.1.0-2] */
	else if (end_ms != UINT64_MAX && !bug(s->broker, BROKER_B25))
		timer_arm(&s->broker->timers, &s->end, end_ms);
}

void session_end(struct session *s, uint64_t now_ms)
{
	list_remove(&s->node);
	will_session_ended(s, now_ms);
	broker_say(s->broker, (struct broker_event){.type = BROKER_SESSION_ENDED, .client_id = s->client_id}, now_ms);
	session_free(s);
}
