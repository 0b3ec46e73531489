/* SPDX-License-Identifier: MIT */
/*
 * PUBLISH and the acknowledgements of the client. A QoS 2 message is published when it first comes; its identifier is
 * remembered until PUBREL, so that it is not published again.
 */
#include "broker/bugs.h"
#include "broker/delivery.h"
#include "broker/link.h"
#include "broker/publish.h"

#include "wire/topic.h"

static const uint8_t answers[] = {0, PACKET_PUBACK, PACKET_PUBREC};

static void answer(struct broker_link *l, const struct packet *pk, uint8_t reason)
{
	if (pk->qos)
		link_answer(l, answers[pk->qos], pk->id, reason);
}

/* What the announced limits forbid; 0: nothing. */
static uint8_t check_limits(const struct broker_link *l, const struct packet *pk)
{
	struct topic_fault   fault;
	const struct session *s = l->session;
	if (!topic_name_check(pk->topic, &fault))
		return REASON_BAD_TOPIC;
	if (pk->qos > broker_maximum_qos(l->broker))
		return REASON_NO_QOS; /* [MQTT-3.2.2-11], U-3.2.2.3.4-b */
	if (pk->retain && !broker_retains(l->broker))
		return REASON_NO_RETAIN; /* [MQTT-3.2.2-14], U-3.2.2.3.5-a */
	if (pk->qos == 2 && !ids_have(&s->received, pk->id) && s->received.count >= broker_receive_maximum(l->broker))
		return REASON_RECEIVE_MAXIMUM; /* [MQTT-3.3.4-7] */
	return 0;
}

/* The topic that the client means; what a duplicate says of an alias counts, too. 0, or what to end the connection with. */
static uint8_t resolve(struct broker_link *l, struct packet *pk)
{
	struct aliases *a = &l->aliases_in;
	uint16_t        alias = pk->props.topic_alias;
	if (!(pk->props.has & HAS(TOPIC_ALIAS)))
		return 0;
	if (alias > a->maximum)
		return REASON_BAD_TOPIC_ALIAS; /* [MQTT-3.3.2-9] */
	if (pk->topic.n) /* [MQTT-3.3.2-12] */
		return aliases_set(a, alias, pk->topic) ? 0 : REASON_UNSPECIFIED;
	pk->topic = aliases_get(a, alias);
	return pk->topic.n ? 0 : REASON_PROTOCOL_ERROR; /* 3.3.2.3.4 */
}

static void say(struct broker_link *l, enum broker_event_type type, const struct packet *pk, uint64_t now_ms)
{
	broker_say(l->broker,
	           (struct broker_event){
			   .type = type,
			   .client_id = l->session->client_id,
			   .topic = pk->topic,
			   .payload = pk->payload,
			   .qos = pk->qos,
			   .retain = pk->retain,
		   },
	           now_ms);
}

/* [MQTT311-3.3.5-2], 3.3.5 in MQTT 5: a positive acknowledgement, since 3.x has no other, or 0x87. */
static void deny(struct broker_link *l, const struct packet *pk, enum acl_verdict verdict, uint64_t now_ms)
{
	say(l, BROKER_DENIED, pk, now_ms);
	if (verdict == ACL_DISCONNECT) {
		bugs_at_fault(l, PACKET_PUBLISH, now_ms);
		link_end(l, REASON_NOT_AUTHORIZED, "publishing to this topic is not allowed", now_ms);
		return;
	}
	answer(l, pk, REASON_NOT_AUTHORIZED);
}

static void take(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	struct session *s = l->session;
	struct message *m = message_from_publish(pk, s->client_id);
	if (!m || (pk->qos == 2 && !ids_add(&s->received, pk->id))) {
		message_release(m);
		link_end(l, REASON_UNSPECIFIED, "no memory", now_ms);
		return;
	}
	answer(l, pk, REASON_SUCCESS);
	say(l, BROKER_PUBLISHED, pk, now_ms);
	publish_message(l->broker, m, now_ms);
	message_release(m);
}

void on_publish(struct broker_link *l, const struct packet *sent, uint64_t now_ms)
{
	struct packet        meant = *sent;
	const struct packet *pk = &meant;
	uint8_t              reason = resolve(l, &meant);
	if (!reason)
		reason = check_limits(l, pk);
	if (reason) {
		link_end(l, reason, reason_name(PACKET_DISCONNECT, reason), now_ms);
		return;
	}
	if (pk->qos == 2 && ids_have(&l->session->received, pk->id)) {
		answer(l, pk, REASON_SUCCESS); /* [MQTT-4.3.3-10] */
		return;
	}
	enum acl_verdict verdict = acl_check(&l->broker->acl, ACL_PUBLISH, pk->topic);
	if (verdict == ACL_ALLOW)
		take(l, pk, now_ms);
	else
		deny(l, pk, verdict, now_ms);
}

void on_pubrel(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	bool known = ids_have(&l->session->received, pk->id);
	(void)now_ms;
	ids_remove(&l->session->received, pk->id);
	link_answer(l, PACKET_PUBCOMP, pk->id, known ? REASON_SUCCESS : REASON_ID_NOT_FOUND);
}

/* A PUBREC for a message that is not known is answered, so that the client can let go of it [MQTT-4.3.3-4]. */
void on_acknowledgement(struct broker_link *l, const struct packet *pk, uint64_t now_ms)
{
	bool known = delivery_acknowledged(l->session, pk, now_ms);
	if (!known && pk->type == PACKET_PUBREC && pk->reason < REASON_FAILURE)
		link_answer(l, PACKET_PUBREL, pk->id, REASON_ID_NOT_FOUND);
}
