/* SPDX-License-Identifier: MIT */
/*
 * The rules of will.h, one function each. A will leaves the session before it is published, so that whatever the
 * publication sets off, it cannot be published twice.
 */
#include "broker/will.h"

#include "broker/bugs.h"
#include "broker/publish.h"
#include "broker/session.h"

static void say(struct session *s, enum broker_event_type type, const struct message *m, uint64_t due_ms,
                uint64_t now_ms)
{
	broker_say(s->broker,
	           (struct broker_event){
			   .type = type,
			   .client_id = s->client_id,
			   .topic = m->topic,
			   .payload = m->payload,
			   .qos = m->qos,
			   .retain = m->retain,
			   .due_ms = due_ms,
		   },
	           now_ms);
}

/* Rule 5 [MQTT-3.1.2-10]. The caller holds the message now. */
static struct message *take(struct session *s)
{
	struct message *m = s->will.message;
	s->will.message = NULL;
	timer_stop(&s->broker->timers, &s->will.due);
	return m;
}

/* The rights count at the time of publication: the client is not there to be told of a refusal. */
static void publish(struct session *s, uint64_t now_ms)
{
	struct message *m = take(s);
	bool            may = acl_check(&s->broker->acl, ACL_PUBLISH, m->topic) == ACL_ALLOW;
	if (bug(s->broker, BROKER_B17))
		m->props.has = 0;
	m->unstored = bug(s->broker, BROKER_B16);
	if (may || bug(s->broker, BROKER_B19)) {
		say(s, BROKER_WILL_PUBLISHED, m, 0, now_ms);
		publish_message(s->broker, m, now_ms);
	} else {
		say(s, BROKER_WILL_WITHHELD, m, 0, now_ms);
	}
	message_release(m);
}

static void drop(struct session *s, enum broker_event_type why, uint64_t now_ms)
{
	struct message *m = take(s);
	say(s, why, m, 0, now_ms);
	message_release(m);
}

void will_store(struct session *s, struct message *message, uint32_t delay_s, uint64_t now_ms)
{
	s->will.message = message; /* U-4.1-a */
	s->will.delay_s = delay_s;
	if (message)
		say(s, BROKER_WILL_STORED, message, 0, now_ms);
}

void will_delete(struct session *s, uint64_t now_ms)
{
	if (s->will.message)
		drop(s, BROKER_WILL_DELETED, now_ms);
}

void will_cancel(struct session *s, uint64_t now_ms)
{
	if (s->will.message)
		drop(s, BROKER_WILL_CANCELLED, now_ms);
}

/* min(T0 + d, E): [MQTT-3.1.2-8], U-3.1.3.2.2-c, U-3.1.2.5-d */
static uint64_t due(const struct session *s, uint64_t t0_ms)
{
	uint64_t delayed_ms = bug(s->broker, BROKER_B9) ? t0_ms : t0_ms + (uint64_t)s->will.delay_s * 1000;
	uint64_t end_ms = session_end_ms(s, t0_ms);
	return delayed_ms < end_ms ? delayed_ms : end_ms;
}

/* However it ended: a DISCONNECT 0x00 has deleted the will before. U-3.1.2.5-a, U-3.1.2.5-b */
void will_connection_ended(struct session *s, uint64_t now_ms)
{
	if (!s->will.message)
		return;
	if (bug(s->broker, BROKER_B7) && s->expiry_s > 0 && s->will.delay_s > s->expiry_s) {
		will_delete(s, now_ms);
		return;
	}
	uint64_t due_ms = due(s, now_ms);
	say(s, BROKER_WILL_DUE, s->will.message, due_ms, now_ms);
	if (due_ms <= now_ms)
		publish(s, now_ms);
	else
		timer_arm(&s->broker->timers, &s->will.due, due_ms);
}

void will_session_ended(struct session *s, uint64_t now_ms)
{
	if (s->will.message)
		publish(s, now_ms);
}

void will_leave_late(struct session *s, uint64_t at_ms)
{
	message_release(s->broker->late);
	s->broker->late = take(s);
	timer_arm(&s->broker->timers, &s->broker->late_due, at_ms);
}

void will_late_fire(struct timer *t, uint64_t now_ms)
{
	struct broker  *b = list_entry(t, struct broker, late_due);
	struct message *m = b->late;
	b->late = NULL;
	publish_message(b, m, now_ms);
	message_release(m);
}

void will_fire(struct timer *t, uint64_t now_ms)
{
	publish(list_entry(t, struct session, will.due), now_ms);
}
