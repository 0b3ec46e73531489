/* SPDX-License-Identifier: MIT */
/*
 * Only the members that a PUBLISH uses are set: clearing a whole packet would cost more than sending it.
 */
#include "wire/message.h"

#include "wire/will.h"

bool message_has_properties(const struct mqttwill_message *m)
{
	return m->has || m->message_expiry_s || m->payload_format || m->content_type || m->response_topic || m->correlation_data ||
	       m->user_property_count;
}

static void fill_properties(struct props *p, const struct mqttwill_message *m)
{
	p->has = (m->has & MQTTWILL_HAS_MESSAGE_EXPIRY ? HAS(MESSAGE_EXPIRY) : 0) |
	         (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT ? HAS(PAYLOAD_FORMAT) : 0) | (m->content_type ? HAS(CONTENT_TYPE) : 0) |
	         (m->response_topic ? HAS(RESPONSE_TOPIC) : 0) | (m->correlation_data ? HAS(CORRELATION_DATA) : 0);
	p->message_expiry = m->message_expiry_s;
	p->payload_format = m->payload_format;
	p->content_type = span_text(m->content_type, m->content_type_len);
	p->response_topic = span_text(m->response_topic, m->response_topic_len);
	p->correlation_data = span_of(m->correlation_data, m->correlation_data_len);
	p->user = m->user_properties;
	p->user_count = m->user_property_count;
}

void message_into_publish(const struct mqttwill_message *m, struct packet *pk)
{
	pk->type = PACKET_PUBLISH;
	pk->id = 0;
	pk->count = 0;
	pk->qos = m->qos;
	pk->retain = m->retain;
	pk->dup = false; /* [MQTT-3.3.1-2] */
	pk->topic = span_text(m->topic, m->topic_len);
	pk->payload = payload_of(m->payload, m->payload_len, m->text);
	pk->props.has = 0;
	pk->props.user = NULL;
	pk->props.subscription_ids = NULL; /* [MQTT-3.3.4-6] */
	pk->props.user_count = 0;
	if (message_has_properties(m))
		fill_properties(&pk->props, m);
}

static void copy_users(struct arena *a, struct mqttwill_message *to)
{
	struct mqttwill_user_property *u = arena_alloc(a, to->user_property_count * sizeof *u);
	for (size_t i = 0; u && i < to->user_property_count; i++) {
		u[i] = to->user_properties[i];
		u[i].name = arena_text(a, u[i].name, u[i].name_len);
		u[i].value = arena_text(a, u[i].value, u[i].value_len);
	}
	to->user_properties = u;
}

bool message_copy(struct arena *a, struct mqttwill_message *to, const struct mqttwill_message *from)
{
	struct span payload = payload_of(from->payload, from->payload_len, from->text);
	*to = *from;
	to->topic = arena_text(a, from->topic, from->topic_len);
	to->text = NULL;
	to->payload = arena_copy(a, payload.p, payload.n);
	to->payload_len = payload.n;
	to->content_type = arena_text(a, from->content_type, from->content_type_len);
	to->response_topic = arena_text(a, from->response_topic, from->response_topic_len);
	to->correlation_data = arena_copy(a, from->correlation_data, from->correlation_data_len);
	if (from->user_property_count)
		copy_users(a, to);
	to->subscription_ids = NULL;
	to->subscription_id_count = 0;
	return !a->failed;
}
