/* SPDX-License-Identifier: MIT */
/*
 * Publish: nothing illegal gets past here.
 */
#include "api/handle.h"
#include "base/utf8.h"
#include "wire/message.h"
#include "wire/topic.h"
#include "wire/will.h"

static int bad_field(mqttwill *c, const char *field, const struct topic_fault *fault)
{
	return client_fail(&c->client, MQTTWILL_EMESSAGE, "publish: %s %s (byte %zu, %s); %s", field, fault->problem,
	                   fault->offset, fault->rule, fault->advice);
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

int api_check_message(mqttwill *c, const struct mqttwill_message *m)
{
	struct topic_fault fault;
	struct span        payload = payload_of(m->payload, m->payload_len, m->text);
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
	return message_has_properties(m) ? check_properties(c, m, payload) : 0;
}

int64_t mqttwill_publish(mqttwill *c, const struct mqttwill_message *m)
{
	int rc = handle_check(c);
	if (rc < 0 || !m)
		return rc < 0 ? rc : MQTTWILL_EINVAL;
	struct packet pk;
	rc = api_check_message(c, m);
	if (rc < 0)
		return rc;
	message_into_publish(m, &pk);
	return client_send(&c->client, &pk, m->want_done);
}
