/* SPDX-License-Identifier: MIT */
/*
 * Publish: nothing illegal gets past here.
 */
#include "api/handle.h"
#include "base/utf8.h"
#include "wire/topic.h"
#include "wire/will.h"

static int bad_field(mqttwill *c, const char *field, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: %s %s (byte %zu, %s); %s", field, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
}

static bool has_properties(const struct mqttwill_message *m)
{
	return m->has || m->message_expiry_s || m->payload_format || m->content_type || m->response_topic || m->correlation_data || m->user_property_count;
}

static int check_users(mqttwill *c, const struct mqttwill_message *m)
{
	struct topic_fault fault;
	if (!m->user_properties && m->user_property_count)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: user_property_count is set, and user_properties is NULL");
	/* [MQTT-1.5.7-1]: both halves */
	for (size_t i = 0; i < m->user_property_count; i++) {
		const struct mqttwill_user_property *u = &m->user_properties[i];
		if (!text_check(span_text(u->name, u->name_len), &fault))
			return bad_field(c, "a user property's name", &fault);
		if (!text_check(span_text(u->value, u->value_len), &fault))
			return bad_field(c, "a user property's value", &fault);
	}
	return 0;
}

static int check_properties(mqttwill *c, const struct mqttwill_message *m, struct span payload)
{
	struct topic_fault fault;
	const uint32_t     legal = MQTTWILL_HAS_MESSAGE_EXPIRY | MQTTWILL_HAS_PAYLOAD_FORMAT;
	if (client_offers(&c->client) != LEVEL_5)
		return client_fail(&c->client, MQTTWILL_EUNSUPPORTED, "publish: message properties need MQTT 5 (MQTT 5, 3.3.2.3)");
	if ((m->message_expiry_s && !(m->has & MQTTWILL_HAS_MESSAGE_EXPIRY)) ||
	    (m->payload_format && !(m->has & MQTTWILL_HAS_PAYLOAD_FORMAT)))
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: message_expiry_s or payload_format is set, and its bit in has "
		                                                  "is not (mqttwill.h)");
	if (m->has & ~legal)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: has names a property that PUBLISH does not carry");
	/* [MQTT-3.3.2-19], [MQTT-3.3.2-13], [MQTT-3.3.2-14] */
	if (!text_check(span_text(m->content_type, m->content_type_len), &fault))
		return bad_field(c, "content_type", &fault);
	if (m->response_topic && !topic_name_check(span_text(m->response_topic, m->response_topic_len), &fault))
		return bad_field(c, "response_topic", &fault);
	if (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT && m->payload_format > 1)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload_format is not 0 or 1 (MQTT 5, 3.3.2.3.2)");
	if (m->has & MQTTWILL_HAS_PAYLOAD_FORMAT && m->payload_format && utf8_good_text(payload.p, payload.n) != payload.n)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload is not UTF-8 (byte %zu, MQTT 5, 3.3.2.3.2)",
		                   utf8_good_text(payload.p, payload.n));
	if (m->correlation_data && m->correlation_data_len > FIELD_MAX)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: correlation_data is longer than 65,535 bytes (MQTT 5, 1.5.6)");
	return check_users(c, m);
}

static int check_message(mqttwill *c, const struct mqttwill_message *m, struct span payload)
{
	struct topic_fault fault;
	/* [MQTT-3.3.2-1], [MQTT-3.3.2-2] */
	if (!topic_name_check(span_text(m->topic, m->topic_len), &fault))
		return api_bad_topic(c, "publish", &fault);
	if (m->qos > 2)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: qos is not 0, 1 or 2 (MQTT-3.3.1-4)");
	if (m->payload && m->text)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload is given twice, as bytes and as text (mqttwill.h)");
	if (!m->payload && !m->text && m->payload_len)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload_len is set, and payload is NULL (mqttwill.h)");
	if (payload.n > REMAINING_MAX)
		return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: payload has %zu bytes; a packet has 268,435,455 at the most "
		                                                  "(MQTT 5, 2.1.4)", payload.n);
	return has_properties(m) ? check_properties(c, m, payload) : 0;
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

int64_t mqttwill_publish(mqttwill *c, const struct mqttwill_message *m)
{
	int rc = handle_check(c);
	if (rc < 0 || !m)
		return rc < 0 ? rc : MQTTWILL_EINVAL;
	struct packet pk;
	struct span   payload = payload_of(m->payload, m->payload_len, m->text);
	rc = check_message(c, m, payload);
	if (rc < 0)
		return rc;
	pk.type = PACKET_PUBLISH;
	pk.id = 0;
	pk.count = 0;
	pk.qos = m->qos;
	pk.retain = m->retain;
	pk.dup = false; /* [MQTT-3.3.1-2] */
	pk.topic = span_text(m->topic, m->topic_len);
	pk.payload = payload;
	pk.props.has = 0;
	pk.props.user = NULL;
	pk.props.subscription_ids = NULL; /* [MQTT-3.3.4-6] */
	pk.props.user_count = 0;
	if (has_properties(m))
		fill_properties(&pk.props, m);
	return client_send(&c->client, &pk, m->want_done);
}
